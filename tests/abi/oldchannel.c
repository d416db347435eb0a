/* SPDX-License-Identifier: MIT
 * oldchannel: a channel whose binary is kept, see renew.  It has every callback, sets every field, and calls what the host has
 * for channels; what it asks, and is answered, is in tests/check/oldchannel. */
#include <mentiond/channel.h>
#include <mentiond/json.h>

#include <stdbool.h>
#include <stdlib.h>

struct oldchannel {
        const char *server, *word;
        const struct mentiond_secret *token, *other;
        uint32_t on;
        int64_t number, duration, size;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct oldchannel, server, "server", MENTIOND_URL, .help = "Address",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct oldchannel, token, "token", MENTIOND_SECRET, .help = "Token",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BEARER, .min = 8),
        MENTIOND_OPTION(struct oldchannel, other, "other", MENTIOND_SECRET, .help = "Signs requests", .flags = MENTIOND_REQUIRED),
        MENTIOND_OPTION(struct oldchannel, word, "word", MENTIOND_STRING, .help = "A word", .default_value = "word"),
        MENTIOND_OPTION(struct oldchannel, on, "on", MENTIOND_BOOL, .help = "Whether", .default_value = "true"),
        MENTIOND_OPTION(struct oldchannel, number, "number", MENTIOND_INT, .help = "A number", .default_value = "3", .min = 1,
                        .max = 9),
        MENTIOND_OPTION(struct oldchannel, duration, "duration", MENTIOND_DURATION, .help = "A time", .default_value = "2s"),
        MENTIOND_OPTION(struct oldchannel, size, "size", MENTIOND_SIZE, .help = "A size", .default_value = "4K"),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const struct oldchannel *c = state;

        return c->on == 1 && c->number == 3 && c->duration == 2000000 && c->size == 4096 && c->word[0] == 'w' ? NULL
               : "word is not where this binary has it: the options are filled otherwise than they were";
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me;
        int r = mentiond_get_json(op, &me, "/api/me");

        (void) state;
        if (r != MENTIOND_OK)
                return r;
        mentiond_set_self(op, mj_str(me, "id"), mj_str(me, "handle"));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = MENTIOND_GRAPHEMES,
                .length_max = 500,
                .url_length = 23,
                .handle_is_local = 1,
                .uploads_max = 4,
                .description_max = 100,
                .upload_size_max = 1 << 20,
                .upload_types = "image/png",
                .flags = MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE
                         | MENTIOND_CAN_REPOST | MENTIOND_CAN_HIDE,
        });
        return mentiond_keep(op, "me", mj_str(me, "id"));
}

/* The same of those that came with the second binary. */
static bool texts_are_as_ever(struct mentiond_op *op)
{
        static const char *const words[] = { "a", "c", NULL };
        struct mentiond_span span = { .struct_size = sizeof(span) };
        struct json_object *made = mentiond_json(op, "{'a': %s, 'b': [%lld, %d, 'x'], 'c': %p}", "b", 1ll, 2, NULL);
        const char *json = json_object_to_json_string_ext(made, JSON_C_TO_STRING_PLAIN);
        struct json_object *claims = mentiond_claims(op, "e30.eyJzY29wZSI6ImEifQ.x");

        if (!mentiond_next_span("see https://a.example.", &span) || span.kind != MENTIOND_SPAN_LINK || span.from != 4
            || span.to != 21)
                return false;
        span.url = "https://b.example";
        return !strcmp(json, "{\"a\":\"b\",\"b\":[1,2,\"x\"]}") && !strcmp(mj_str(claims, "scope"), "a")
               && !strcmp(mentiond_replace(op, "a b", words), "c b") && mentiond_hash("") == UINT64_C(14695981039346656037)
               && !strcmp(mentiond_format_time(op, 1000000), "1970-01-01T00:00:01.000Z") && mentiond_timeout_usec(op) > 0
               && !strcmp(mentiond_show_links(op, "see https://a.example.", &span, 1),
                          "see https://a.example (https://b.example).");
}

static int renew(struct mentiond_op *op, void *data, struct json_object *old, struct json_object **ret)
{
        (void) old;
        *ret = mentiond_json(op, "{'token': %s}", (const char *) data);
        return MENTIOND_OK;
}

/* And of those about tokens. */
static bool tokens_are_as_ever(struct mentiond_op *op, const struct mentiond_secret *secret)
{
        const struct mentiond_oauth1 keys = {
                .struct_size = sizeof(keys), .consumer_key = "key", .consumer_secret = secret,
                .token = secret, .token_secret = secret,
        };
        const struct mentiond_request request = { .struct_size = sizeof(request), .path = "/api/me" };
        const struct mentiond_session session = {
                .struct_size = sizeof(session), .key = "session", .token = "token", .renew = renew, .data = (void *) "old",
        };
        struct json_object *now = NULL;

        return !strncmp(mentiond_oauth1(op, &keys, &request), "Authorization: OAuth oauth_consumer_key=", 40)
               && mentiond_session(op, &session, &now) == MENTIOND_OK && !strcmp(mj_str(now, "token"), "old");
}

/* Whether the host's own functions say what they said. */
static bool is_as_ever(struct mentiond_op *op)
{
        uint64_t size = 0;
        const char *coded = mentiond_base64_encode(op, "old", 3);

        return !strcmp(mentiond_escape(op, "a b"), "a%20b") && !strcmp(mentiond_text_from_html(op, "<p>a</p>"), "a")
               && !strcmp(mentiond_line(op, "a\nb", 9), "a b") && !strcmp(mentiond_some(""), "-")
               && !strcmp(mentiond_capital(op, "a"), "A") && !strcmp(coded, "b2xk")
               && !strcmp(mentiond_base64_decode(op, coded, &size), "old") && size == 3
               && mentiond_length("a", MENTIOND_GRAPHEMES) == 1 && mentiond_same_text("A b", "a b")
               && mentiond_parse_time("1970-01-01T00:00:01Z") == 1000000 && mentiond_now_usec(op) > 0
               && mentiond_steady_usec(op) > 0 && strlen(mentiond_hmac(op, MENTIOND_HMAC_SHA256_HEX, "key", "data", 4)) == 64
               && !strcmp(mentiond_cursor(op, "me"), mentiond_self(op)) && mentiond_alloc(op, 1)
               && *mentiond_self_handle(op) == '@' && mentiond_sleep(op, 1) == MENTIOND_OK;
}

static struct mentiond_mention mention_of(struct mentiond_op *op, struct json_object *post)
{
        struct mentiond_author *author = mentiond_alloc(op, sizeof *author);
        struct mentiond_media *media = mentiond_alloc(op, sizeof *media);

        *author = (struct mentiond_author) {
                .struct_size = sizeof *author, .flags = MENTIOND_VERIFIED, .id = mj_str(post, "who"),
                .handle = mj_str(post, "handle"),
                .name = mj_str(post, "name"), .url = mj_str(post, "url"), .followers = mj_int(post, "followers", -1),
                .created_usec = 1,
        };
        *media = (struct mentiond_media) {
                .struct_size = sizeof *media, .url = mj_str(post, "picture"), .type = "image", .description = "a picture",
        };
        return (struct mentiond_mention) {
                .struct_size = sizeof(struct mentiond_mention), .kind = MENTIOND_COMMENT, .visibility = MENTIOND_UNLISTED,
                .n_media = 1,
                .id = mj_str(post, "id"), .parent = mj_str(post, "parent"), .root = mj_str(post, "root"),
                .url = mj_str(post, "url"),
                .text = mj_str(post, "text"), .html = mj_str(post, "html"), .warning = mj_str(post, "warning"), .language = "en",
                .created_usec = mentiond_parse_time(mj_str(post, "time")), .edited_usec = 2,
                .seen_usec = mentiond_parse_time(mj_str(post, "time")),
                .author = author, .media = media, .reply_right = MENTIOND_REPLY_UNTIL, .reply_until_usec = INT64_MAX,
                .reply_reason = "old",
        };
}

static int poll(struct mentiond_op *op, void *state)
{
        const struct oldchannel *c = state;
        const char *below = "";
        struct json_object *page;
        size_t n;
        int r;

        if (!is_as_ever(op) || !texts_are_as_ever(op) || !tokens_are_as_ever(op, c->other))
                return mentiond_fail(op, MENTIOND_BUG, "a function of the host does not say what it said");
        do {
                r = mentiond_get_json(op, &page, "/api/mentions?below=%s", mentiond_escape(op, below));
                if (r != MENTIOND_OK)
                        return r;
                n = mj_len(page);
                for (size_t i = 0; i < n; i++) {
                        struct mentiond_mention mention = mention_of(op, mj_at(page, i));

                        (void) mentiond_emit(op, &mention);
                        below = mention.id;
                }
                mentiond_set_cursor(op, "below", below);
                mentiond_log(op, 7, "page until %s, horizon %lld", below, (long long) mentiond_horizon_usec(op));
                mentiond_turn_page(op, &below, 1);
        } while (n == 2);
        return MENTIOND_OK;
}

static int get(struct mentiond_op *op, const char *id, const char *what, struct json_object **ret)
{
        return mentiond_get_json(op, ret, "/api/posts/%s%s", mentiond_escape(op, id), what);
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct mentiond_mention mention;
        struct json_object *post, *root;
        int r = get(op, id, "", &post);

        (void) state;
        if (r == MENTIOND_OK)
                r = get(op, mj_str(post, "root"), "", &root);
        if (r != MENTIOND_OK)
                return r;
        mention = mention_of(op, root);
        mentiond_emit_ancestor(op, &mention);
        mention = mention_of(op, post);
        (void) mentiond_emit(op, &mention);
        return MENTIOND_OK;
}

static int change(struct mentiond_op *op, const char *method, const char *id, const char *what, struct json_object *json)
{
        struct mentiond_request q = {
                .struct_size = sizeof q, .flags = MENTIOND_REPEATABLE, .method = method, .json = json, .max_reply = 10000,
                .path = mentiond_format(op, "/api/posts/%s%s", mentiond_escape(op, id), what),
        };
        struct mentiond_response a = { .struct_size = sizeof a };

        return mentiond_http(op, &q, &a);
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const struct oldchannel *c = state;
        const char *signature = mentiond_hmac(op, MENTIOND_HMAC_SHA1_HEX, mentiond_reveal(c->other), part->text,
                                              strlen(part->text));
        const char *const headers[] = { mentiond_format(op, "X-Signature: %s", signature), NULL };
        struct mentiond_field fields[] = {
                { .struct_size = sizeof fields[0], .name = "parent", .data = part->parent, .size = strlen(part->parent) },
                { .struct_size = sizeof fields[0], .name = "text", .data = part->text, .size = strlen(part->text) },
                { .struct_size = sizeof fields[0], .name = "key", .data = part->key, .size = strlen(part->key) },
        };
        struct mentiond_request q = { .struct_size = sizeof q, .method = "POST", .path = "/api/posts", .headers = headers };
        struct mentiond_response a = { .struct_size = sizeof a };
        int r;

        mentiond_set_form(op, &q, fields, sizeof fields / sizeof fields[0]);
        r = mentiond_http(op, &q, &a);
        if (r != MENTIOND_OK)
                return mentiond_fail(op, r, "not posted: %s", mentiond_reason(op));
        ret->id = mj_str(a.json, "id");
        ret->url = mj_str(a.json, "url");
        return a.status == 201 && a.body_size && *ret->id ? r : mentiond_fail(op, MENTIOND_AMBIGUOUS, "it is not named");
}

static int find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *answers, *answer;
        int r = get(op, part->parent, "/answers", &answers);

        (void) state;
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; (answer = mj_at(answers, i)); i++)
                if (!strcmp(mj_str(answer, "key"), part->key) && !mentiond_is_posted(op, mj_str(answer, "id"))) {
                        ret->id = mj_str(answer, "id");
                        ret->url = mj_str(answer, "url");
                        return MENTIOND_OK;
                }
        return MENTIOND_ABSENT;
}

static int edit(struct mentiond_op *op, void *state, const struct mentiond_change *c)
{
        struct json_object *body = mentiond_json_object(op);

        (void) state;
        mj_put_str(body, "text", c->text);
        return change(op, "PUT", c->id, "", body);
}

static int remove_post(struct mentiond_op *op, void *state, const char *id)
{
        int r = change(op, "DELETE", id, "", NULL);

        (void) state;
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

static int react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        (void) state;
        return change(op, "POST", id, reaction == MENTIOND_LIKE ? "/like" : "/repost", NULL);
}

static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        (void) state;
        for (uint32_t i = 0; i < n; i++) {
                struct mentiond_mention mention;
                struct json_object *post;
                int r = get(op, ids[i], "", &post);

                if (r != MENTIOND_OK && r != MENTIOND_GONE)
                        return r;
                if (r == MENTIOND_OK) {
                        mention = mention_of(op, post);
                        mentiond_emit_again(op, &mention);
                } else {
                        mentiond_emit_gone(op, ids[i]);
                }
        }
        return MENTIOND_OK;
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct json_object *me;
        int r = mentiond_get_json(op, &me, "/api/me");

        (void) state;
        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "account", "it is %s", mj_str(me, "handle"));
        return r;
}

static void stop(struct mentiond_op *op, void *state)
{
        (void) state;
        mentiond_log(op, 7, "the end");
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof hook, .signature = MENTIOND_HMAC_SHA256_HEX, .handshake = MENTIOND_HUB_CHALLENGE,
        .header = "X-Signature",
        .prefix = "sha256=", .delivery = "X-Delivery",
};

static const struct mentiond_channel channel = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .name = "oldchannel", .version = "1",
                  .summary = "A binary that is kept", .state_size = sizeof(struct oldchannel), .options = options },
        .check = check, .start = start, .poll = poll, .fetch = fetch, .post = post, .find = find, .stop = stop, .hook = &hook,
        .doctor = doctor, .edit = edit, .remove = remove_post, .react = react, .reread = reread,
};

MENTIOND_CHANNEL_PLUGIN(channel)

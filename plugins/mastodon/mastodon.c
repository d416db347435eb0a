/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": an account on Mastodon, GoToSocial, snac2 or another server with Mastodon's API.  Called by
 * the host only; owns its options and what start() learns.  Manual: mentiond-mastodon(5).
 */
#include "mastodon.h"

#define CLOCK_USEC INT64_C(60000000)   /* what a server's clock may be behind ours */

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct mastodon, server, "server", MENTIOND_URL,
                        .help = "Address of the account's server", .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct mastodon, token, "token", MENTIOND_SECRET,
                        .help = "Access token of the account", .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
        { .name = NULL },
};

/* The verdict on a request that addresses no post.  Refused: a bad token is 422 in snac; a disabled account, or a
 * token without the scope, is 403.  Not found: a proxy without the server behind it. */
static int about_account(int verdict)
{
        return verdict == MENTIOND_REJECTED ? MENTIOND_AUTH : verdict == MENTIOND_GONE ? MENTIOND_RETRY : verdict;
}

static const char *either(const char *text, const char *otherwise)
{
        return *text ? text : otherwise;
}

int mastodon_instance(struct mentiond_op *op, struct json_object **ret)
{
        int r = mentiond_get_json(op, ret, "/api/v2/instance");

        return r == MENTIOND_GONE ? mentiond_get_json(op, ret, "/api/v1/instance") : r;
}

static int start(struct mentiond_op *op, void *state)
{
        struct mastodon *m = state;
        struct json_object *account = NULL, *instance = NULL;

        int r = mentiond_get_json(op, &account, "/api/v1/accounts/verify_credentials");
        if (r == MENTIOND_OK)
                r = mastodon_instance(op, &instance);
        if (r != MENTIOND_OK)
                return about_account(r);

        const char *id = mj_str(account, "id"), *acct = mj_str(account, "acct");
        if (!*id || !*acct)
                return mentiond_fail(op, MENTIOND_BUG, "the server does not say whose token this is");
        /* GoToSocial's "domain" is its host; snac says neither, but has the domain in acct. */
        const char *domain = either(mj_str(instance, "account_domain"), mj_str(instance, "domain"));
        mentiond_set_self(op, id, mentiond_format(op, strchr(acct, '@') ? "@%s" : "@%s@%s", acct,
                                                  either(domain, strstr(m->server, "://") + 3)));

        /* GoToSocial announces a length for URLs too, but counts every code point. */
        bool like_mastodon = mj_int(mj_get(instance, "api_versions"), "mastodon", 0) > 0;
        struct json_object *limits = mj_get(mj_get(instance, "configuration"), "statuses");
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = like_mastodon ? MENTIOND_GRAPHEMES : MENTIOND_CODE_POINTS,
                .length_max = mj_int(limits, "max_characters", 500),
                .url_length = like_mastodon ? mj_int(limits, "characters_reserved_per_url", 23) : 0,
                .handle_is_local = like_mastodon,
        });
        m->refuses_orphans = like_mastodon;
        return MENTIOND_OK;
}

/* Where a name or a number is yet to come: the narrowest. */
static const char *const visibilities[] = {
        "direct", [MENTIOND_PUBLIC] = "public", [MENTIOND_UNLISTED] = "unlisted", [MENTIOND_FOLLOWERS] = "private",
};

static uint32_t visibility_of(const char *name)
{
        for (uint32_t v = MENTIOND_PUBLIC; v < MENTIOND_DIRECT; v++)
                if (strcmp(name, visibilities[v]) == 0)
                        return v;
        return MENTIOND_DIRECT;
}

/* A direct message is a mention, too: a post that only those named in it can see. */
static struct mentiond_mention *mention_of(struct mentiond_op *op, struct json_object *status)
{
        struct mentiond_mention *mention = mentiond_alloc(op, sizeof(*mention));
        struct mentiond_author *author = mentiond_alloc(op, sizeof(*author));
        struct json_object *account = mj_get(status, "account"), *files = mj_get(status, "media_attachments");
        struct mentiond_media *media = mentiond_alloc(op, mj_len(files) * sizeof(*media));
        const char *id = mj_str(status, "id"), *parent = mj_str(status, "in_reply_to_id");
        const char *acct = mj_str(account, "acct");
        const char *domain = strchr(acct, '@') ? "" : strrchr(mentiond_self_handle(op), '@');   /* on our own server */

        *author = (struct mentiond_author) {
                .struct_size = sizeof(*author),
                .flags = mj_true(account, "bot") ? MENTIOND_BOT : 0,
                .id = mj_str(account, "id"),
                .handle = mentiond_format(op, "@%s%s", acct, domain),
                .name = mj_str(account, "display_name"),
                .url = mj_str(account, "url"),
                .followers = mj_int(account, "followers_count", -1),
                .created_usec = mentiond_parse_time(mj_str(account, "created_at")),
        };
        for (size_t i = 0; i < mj_len(files); i++) {
                struct json_object *file = mj_at(files, i);

                media[i] = (struct mentiond_media) {
                        .struct_size = sizeof(*media),
                        .url = either(mj_str(file, "url"), mj_str(file, "remote_url")),   /* null until it is copied */
                        .type = mj_str(file, "type"),
                        .description = mj_str(file, "description"),
                };
        }
        *mention = (struct mentiond_mention) {
                .struct_size = sizeof(*mention),
                .kind = MENTIOND_MENTION,
                .visibility = visibility_of(mj_str(status, "visibility")),
                .id = id,
                .parent = parent,
                .root = *parent ? "" : id,
                .url = either(mj_str(status, "url"), mj_str(status, "uri")),
                .html = mj_str(status, "content"),
                .warning = mj_str(status, "spoiler_text"),
                .language = mj_str(status, "language"),
                .created_usec = mentiond_parse_time(mj_str(status, "created_at")),
                .edited_usec = mentiond_parse_time(mj_str(status, "edited_at")),
                .author = author,
                .n_media = (uint32_t) mj_len(files),
                .media = media,
        };
        return mention;
}

/* Newest first, back to a page that ends before the horizon and holds nothing new from before it.  Going on from the newest
 * id would lose mentions: servers hand out ids before they show them, and out of order.
 *
 * Each page begins below the last id but one, and so shows the last again.  If that is all, it is the end, which a
 * short page is not: GoToSocial leaves items out after counting them.  If there is nothing, snac has lost the id. */
static int poll(struct mentiond_op *op, void *state)
{
        enum { BELOW, LAST, BOTTOM };
        const char *at[] = { "", "", "" };       /* ids: where the page begins, what it ends with, and what the one before did */
        int64_t oldest_usec = INT64_MAX;
        bool strays;

        (void) state;
        do {
                struct json_object *page = NULL;

                mentiond_turn_page(op, at, 3);
                int r = mentiond_get_json(op, &page,
                                          "/api/v1/notifications?types[]=mention&include_filtered=true&limit=40%s%s",
                                          *at[BELOW] ? "&max_id=" : "", mentiond_escape(op, at[BELOW]));
                if (r != MENTIOND_OK)
                        return about_account(r);
                if (!json_object_is_type(page, json_type_array) || (*at[BELOW] && mj_len(page) == 0))
                        return mentiond_fail(op, MENTIOND_RETRY, "the list of notifications breaks off");

                at[BOTTOM] = at[LAST];
                strays = false;
                for (size_t i = 0; i < mj_len(page); i++) {
                        struct json_object *item = mj_at(page, i), *status = mj_get(item, "status");
                        int64_t seen_usec = mentiond_parse_time(mj_str(item, "created_at"));
                        const char *id = mj_str(item, "id");

                        if (strcmp(mj_str(item, "type"), "mention") == 0) {     /* snac sends all types */
                                struct mentiond_mention *mention = mention_of(op, status);
                                mention->seen_usec = seen_usec;
                                strays |= mentiond_emit(op, mention) && seen_usec <= mentiond_horizon_usec(op);
                        }
                        if (*id) {
                                at[BELOW] = at[LAST];
                                at[LAST] = id;
                        }
                        if (seen_usec)
                                oldest_usec = seen_usec;
                }
        } while (*at[BELOW] && strcmp(at[LAST], at[BOTTOM]) != 0 && (strays || oldest_usec > mentiond_horizon_usec(op)));
        return MENTIOND_OK;
}

static int get_status(struct mentiond_op *op, struct json_object **ret, const char *id, const char *what)
{
        return mentiond_get_json(op, ret, "/api/v1/statuses/%s%s", mentiond_escape(op, id), what);
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *status = NULL, *context = NULL;

        (void) state;
        int r = get_status(op, &status, id, "");
        if (r == MENTIOND_OK)
                r = get_status(op, &context, id, "/context");
        if (r != MENTIOND_OK)
                return r;

        struct json_object *ancestors = mj_get(context, "ancestors");
        for (size_t i = 0; i < mj_len(ancestors); i++)
                mentiond_emit_ancestor(op, mention_of(op, mj_at(ancestors, i)));
        struct mentiond_mention *mention = mention_of(op, status);
        mention->root = mj_len(ancestors) ? mj_str(mj_at(ancestors, 0), "id") : id;   /* the first that is left */
        (void) mentiond_emit(op, mention);
        return MENTIOND_OK;
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const char *const headers[] = { mentiond_format(op, "Idempotency-Key: %s", part->key), NULL };
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .method = "POST",
                .path = "/api/v1/statuses",
                .json = mentiond_json_object(op),
                .headers = headers,
        };
        struct mentiond_response response = { .struct_size = sizeof(response) };
        const struct mastodon *m = state;
        struct json_object *status = NULL;
        int r = MENTIOND_OK;

        /* snac takes an answer to a post that is gone, and shows it as one that answers nothing. */
        if (!m->refuses_orphans)
                r = get_status(op, &status, part->parent, "");
        if (r != MENTIOND_OK)
                return r;

        mj_put_str(request.json, "status", part->text);
        mj_put_str(request.json, "in_reply_to_id", part->parent);
        mj_put_str(request.json, "visibility", visibilities[part->visibility < MENTIOND_DIRECT ? part->visibility : 0]);
        mj_put_str(request.json, "language", *part->language ? part->language : NULL);
        mj_put_str(request.json, "spoiler_text", *part->warning ? part->warning : NULL);
        mj_put_bool(request.json, "sensitive", *part->warning);
        r = mentiond_http(op, &request, &response);

        /* 403 is about the token if it speaks of scopes.  Else it is about this post, whose author lets nobody
         * answer; or about the account, and then the next poll is refused as well. */
        if (response.status == 403 && strstr(mj_str(response.json, "error"), "scope"))
                return MENTIOND_AUTH;
        if (r != MENTIOND_OK)
                return r;
        ret->id = mj_str(response.json, "id");
        ret->url = mj_str(response.json, "url");
        if (!*ret->id)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the post without naming it");

        /* Mastodon's spam filter says yes and stores nothing; but a replica of its database may only be late, or this
         * request fail for reasons of its own: find() decides. */
        r = get_status(op, &status, ret->id, "");
        if (r == MENTIOND_GONE)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS,
                                     "the server took the post, but does not show it: it may be dropped as spam");
        if (r != MENTIOND_OK)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the post, and could not be asked for it");
        return MENTIOND_OK;
}

/* Our answers to the parent that the journal does not know.  One with the same text and a credible time is it; one
 * that agrees in a single respect leaves a doubt, which is for a person. */
static int find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *context = NULL;

        (void) state;
        int r = get_status(op, &context, part->parent, "/context");
        if (r != MENTIOND_OK)
                return r;

        struct json_object *answers = mj_get(context, "descendants");
        int doubt = !json_object_is_type(answers, json_type_array);
        for (size_t i = 0; i < mj_len(answers); i++) {
                struct json_object *status = mj_at(answers, i);
                const char *id = mj_str(status, "id"), *source = mj_str(status, "text");   /* GoToSocial shows it */

                if (strcmp(mj_str(mj_get(status, "account"), "id"), mentiond_self(op)) != 0 ||
                    strcmp(mj_str(status, "in_reply_to_id"), part->parent) != 0 || mentiond_is_posted(op, id))
                        continue;
                const char *text = either(source, mentiond_text_from_html(op, mj_str(status, "content")));
                int same = mentiond_same_text(text, part->text);
                int recent = mentiond_parse_time(mj_str(status, "created_at")) >= part->tried_usec - CLOCK_USEC;
                if (same && recent && *id) {
                        ret->id = id;
                        ret->url = mj_str(status, "url");
                        return MENTIOND_OK;
                }
                doubt |= same || recent;
        }
        if (doubt)
                return mentiond_fail(op, MENTIOND_UNKNOWN, "one of the account's posts there may be it");
        return MENTIOND_ABSENT;
}

static const struct mentiond_channel mastodon = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct mastodon),
                .name = "mastodon",
                .version = "1.0",
                .summary = "Mentions on Mastodon, GoToSocial, snac2",
                .options = options,
        },
        .start = start,
        .poll = poll,
        .fetch = fetch,
        .post = post,
        .find = find,
        .doctor = mastodon_doctor,
};
MENTIOND_CHANNEL_PLUGIN(mastodon)

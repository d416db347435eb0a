/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": an account on Mastodon, GoToSocial, snac2 or another server with Mastodon's API.  Called by
 * the host only; owns nothing beyond its options.  Manual: mentiond-mastodon(5).
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include <mentiond/channel.h>
#include <mentiond/json.h>

#define PAGE 40        /* Mastodon's default; nothing depends on getting so many */
#define PAGES_MAX 25   /* a thousand mentions are one transaction; Mastodon allows 300 such pages in 15 minutes */
#define CLOCK_USEC INT64_C(60000000)   /* what a server's clock may be behind ours */

struct mastodon {
        const char *server;
        const struct mentiond_secret *token;
};

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

/* Accounts on our own server come without a domain, and it need not be the host in their URL. */
static const char *handle_of(struct mentiond_op *op, const char *acct, const char *own_domain)
{
        return strchr(acct, '@') ? mentiond_format(op, "@%s", acct) : mentiond_format(op, "@%s@%s", acct, own_domain);
}

static int start(struct mentiond_op *op, void *state)
{
        struct mastodon *m = state;
        struct json_object *account = NULL, *instance = NULL, *limits;
        const char *id, *acct, *domain;
        int like_mastodon;

        int r = mentiond_get_json(op, &account, "/api/v1/accounts/verify_credentials");
        if (r == MENTIOND_OK)
                r = mentiond_get_json(op, &instance, "/api/v2/instance");
        if (r == MENTIOND_GONE)
                r = mentiond_get_json(op, &instance, "/api/v1/instance");
        if (r != MENTIOND_OK)
                return about_account(r);

        id = mj_str(account, "id");
        acct = mj_str(account, "acct");
        if (!*id || !*acct)
                return mentiond_fail(op, MENTIOND_BUG, "The server does not say whose token this is");
        domain = mj_str(instance, "account_domain");   /* GoToSocial, whose "domain" is the host */
        if (!*domain)
                domain = mj_str(instance, "domain");
        if (!*domain)
                domain = strstr(m->server, "://") + 3;
        mentiond_set_cursor(op, "domain", domain);
        mentiond_set_self(op, id, handle_of(op, acct, domain));

        /* GoToSocial announces a length for URLs too, but counts every code point. */
        like_mastodon = mj_int(mj_get(instance, "api_versions"), "mastodon", 0) > 0;
        limits = mj_get(mj_get(instance, "configuration"), "statuses");
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = like_mastodon ? MENTIOND_GRAPHEMES : MENTIOND_CODE_POINTS,
                .length_max = mj_int(limits, "max_characters", 500),
                .url_length = like_mastodon ? mj_int(limits, "characters_reserved_per_url", 23) : 0,
                .handle_is_local = like_mastodon,
        });
        return MENTIOND_OK;
}

static uint32_t visibility_of(const char *name)
{
        return strcmp(name, "public") == 0   ? MENTIOND_PUBLIC
             : strcmp(name, "unlisted") == 0 ? MENTIOND_UNLISTED
             : strcmp(name, "private") == 0  ? MENTIOND_FOLLOWERS
                                             : MENTIOND_DIRECT;   /* names yet to come: the narrowest */
}

/* Of an answer: never in the public timelines, even if it answers a post that is. */
static const char *visibility_name(uint32_t visibility)
{
        return visibility == MENTIOND_PUBLIC || visibility == MENTIOND_UNLISTED ? "unlisted"
             : visibility == MENTIOND_FOLLOWERS                                 ? "private"
                                                                                : "direct";
}

/* A direct message is a mention, too: a post that only those named in it can see. */
static struct mentiond_mention mention_of(struct mentiond_op *op, struct json_object *status)
{
        struct json_object *account = mj_get(status, "account"), *files = mj_get(status, "media_attachments");
        struct mentiond_author *author = mentiond_alloc(op, sizeof(*author));
        struct mentiond_media *media = mentiond_alloc(op, mj_len(files) * sizeof(*media));
        const char *id = mj_str(status, "id"), *url = mj_str(status, "url");
        const char *parent = mj_str(status, "in_reply_to_id");

        *author = (struct mentiond_author) {
                .struct_size = sizeof(*author),
                .flags = mj_true(account, "bot") ? MENTIOND_BOT : 0,
                .id = mj_str(account, "id"),
                .handle = handle_of(op, mj_str(account, "acct"), mentiond_cursor(op, "domain")),
                .name = mj_str(account, "display_name"),
                .url = mj_str(account, "url"),
                .followers = mj_int(account, "followers_count", -1),
                .created_usec = mentiond_parse_time(mj_str(account, "created_at")),
        };
        for (size_t i = 0; i < mj_len(files); i++) {
                const char *copy = mj_str(mj_at(files, i), "url");   /* null until the server has its own */

                media[i] = (struct mentiond_media) {
                        .struct_size = sizeof(*media),
                        .url = *copy ? copy : mj_str(mj_at(files, i), "remote_url"),
                        .type = mj_str(mj_at(files, i), "type"),
                        .description = mj_str(mj_at(files, i), "description"),
                };
        }
        return (struct mentiond_mention) {
                .struct_size = sizeof(struct mentiond_mention),
                .kind = MENTIOND_MENTION,
                .visibility = visibility_of(mj_str(status, "visibility")),
                .id = id,
                .parent = parent,
                .root = *parent ? "" : id,
                .url = *url ? url : mj_str(status, "uri"),
                .html = mj_str(status, "content"),
                .warning = mj_str(status, "spoiler_text"),
                .language = mj_str(status, "language"),
                .created_usec = mentiond_parse_time(mj_str(status, "created_at")),
                .edited_usec = mentiond_parse_time(mj_str(status, "edited_at")),
                .author = author,
                .n_media = (uint32_t) mj_len(files),
                .media = media,
        };
}

/* Newest first, back to a page that holds nothing new and reaches into what the last poll saw.  Going on from the
 * newest id would lose mentions: servers hand out ids before they show them, and out of order.
 *
 * Each page begins below the last item but one of the page before, so it must show the last again.  A page of one
 * item is then the end, whatever GoToSocial left out of a page after counting it; an empty one is not, but says
 * that snac no longer knows the id.
 *
 * A walk that cannot be finished now is owed: what was read commits, and with it where to go on and how far back. */
static int poll(struct mentiond_op *op, void *state)
{
        const char *owed = mentiond_cursor(op, "until"), *below = mentiond_cursor(op, "below");
        int64_t until_usec = *owed ? strtoll(owed, NULL, 10) : mentiond_horizon_usec(op);
        int known = 0;

        (void) state;
        owed = mentiond_format(op, "%" PRId64, until_usec);
        for (int pages = 0; pages < PAGES_MAX; pages++) {
                struct json_object *page = NULL;
                const char *last = "", *last_but_one = "";
                int64_t oldest_usec = INT64_MAX;
                int fresh = 0;

                int r = mentiond_get_json(op, &page,
                                          "/api/v1/notifications?types[]=mention&include_filtered=true&limit=%d%s%s",
                                          PAGE, *below ? "&max_id=" : "", mentiond_escape(op, below));
                if (r == MENTIOND_OK && !json_object_is_type(page, json_type_array))
                        r = mentiond_fail(op, MENTIOND_RETRY, "The server's list of notifications is none");
                if (r != MENTIOND_OK && pages == 0)
                        return about_account(r);
                if (r != MENTIOND_OK)
                        break;

                for (size_t i = 0; i < mj_len(page); i++) {
                        struct json_object *item = mj_at(page, i), *status = mj_get(item, "status");
                        int64_t seen_usec = mentiond_parse_time(mj_str(item, "created_at"));

                        if (status && strcmp(mj_str(item, "type"), "mention") == 0) {   /* snac sends all types */
                                struct mentiond_mention mention = mention_of(op, status);
                                mention.seen_usec = seen_usec;
                                if (mentiond_emit(op, &mention))
                                        fresh++;
                                else
                                        known++;
                        }
                        if (*mj_str(item, "id")) {
                                last_but_one = last;
                                last = mj_str(item, "id");
                        }
                        if (seen_usec && seen_usec < oldest_usec)
                                oldest_usec = seen_usec;
                }
                if (*below && (!*last || strcmp(last_but_one, below) == 0)) {   /* the id is gone, or not heeded */
                        mentiond_log(op, 4, "The notifications changed while being read: the next poll starts anew");
                        below = "";
                        break;
                }
                if (!*last_but_one && pages > 0 && until_usec && known <= pages)   /* the repeats */
                        mentiond_log(op, 4, "The server shows nothing from before the last poll any more: mentions "
                                     "between may be lost; poll more often (snac shows 64 notifications)");
                if (!*last_but_one || (!fresh && oldest_usec <= until_usec)) {
                        below = owed = "";
                        break;
                }
                below = last_but_one;
        }
        mentiond_set_cursor(op, "below", below);
        mentiond_set_cursor(op, "until", owed);
        return MENTIOND_OK;
}

static int get_status(struct mentiond_op *op, struct json_object **ret, const char *id, const char *what)
{
        return mentiond_get_json(op, ret, "/api/v1/statuses/%s%s", mentiond_escape(op, id), what);
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *status = NULL, *context = NULL, *ancestors;
        struct mentiond_mention mention;
        const char *root;

        int r = get_status(op, &status, id, "");
        if (r == MENTIOND_OK)
                r = get_status(op, &context, id, "/context");
        if (r != MENTIOND_OK)
                return r;

        (void) state;
        ancestors = mj_get(context, "ancestors");
        root = mj_len(ancestors) ? mj_str(mj_at(ancestors, 0), "id") : id;   /* the first that is left */
        for (size_t i = 0; i < mj_len(ancestors); i++) {
                mention = mention_of(op, mj_at(ancestors, i));
                mention.root = root;
                mentiond_emit_ancestor(op, &mention);
        }
        mention = mention_of(op, status);
        mention.root = root;
        (void) mentiond_emit(op, &mention);
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
        struct json_object *parent = NULL, *stored = NULL;
        const char *id, *error;

        /* snac takes an answer to a post that is gone, and shows it as one that answers nothing. */
        int r = get_status(op, &parent, part->parent, "");
        if (r != MENTIOND_OK)
                return r;

        (void) state;
        mj_put_str(request.json, "status", part->text);
        mj_put_str(request.json, "in_reply_to_id", part->parent);
        mj_put_str(request.json, "visibility", visibility_name(part->visibility));
        mj_put_str(request.json, "language", *part->language ? part->language : NULL);
        mj_put_str(request.json, "spoiler_text", *part->warning ? part->warning : NULL);
        mj_put_bool(request.json, "sensitive", *part->warning);
        r = mentiond_http(op, &request, &response);
        id = mj_str(response.json, "id");
        error = mj_str(response.json, "error");

        /* 403 is about the token if it speaks of scopes (Mastodon, GoToSocial).  Else it may be about this post
         * alone, whose author lets nobody answer; if it is about the account, the next poll is refused as well. */
        if (r == MENTIOND_REJECTED)
                return mentiond_fail(op, response.status == 403 && strstr(error, "scope") ? MENTIOND_AUTH : r,
                                     "The server refused the post (%u): %.300s", response.status,
                                     *error ? error : "it does not say why");
        if (r == MENTIOND_OK && !*id)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "The server took the post without naming it");
        if (r != MENTIOND_OK)
                return r;

        /* Mastodon's spam filter says yes and stores nothing; but a replica of the database may only be late.  So
         * find() is to look, minutes from now, and if the post is absent then the host posts again, with the same
         * key.  When this request fails in any other way, the post is there: the server named it. */
        if (get_status(op, &stored, id, "") == MENTIOND_GONE)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "The server took the post, but does not show it: it may "
                                     "have silently dropped it as spam");
        ret->id = id;
        ret->url = mj_str(response.json, "url");
        return MENTIOND_OK;
}

/* Letters and digits of a text, which is what servers leave alone: they show a handle without its domain, shorten or
 * complete links, and eat the marks of their own markup. */
static const char *essence(struct mentiond_op *op, const char *text)
{
        char *essence_of = mentiond_alloc(op, strlen(text) + 1), *end = essence_of, *word = end;
        int ats = 0, skip = 0;

        for (const char *p = text; *p; p++) {
                if (isspace((unsigned char) *p)) {
                        word = end;
                        ats = skip = 0;
                } else if (strncmp(p, "://", 3) == 0) {
                        end = word;
                        skip = 1;
                } else if (*p == '@' && ++ats == 2) {
                        skip = 1;
                } else if (!skip && (isalnum((unsigned char) *p) || (unsigned char) *p >= 0x80)) {
                        *end++ = *p;
                }
        }
        *end = '\0';
        return essence_of;
}

/* Our answers to the parent that the journal does not know.  One with the same text and a credible time is it; one
 * that agrees in a single respect leaves a doubt, which is for a person. */
static int find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const char *wanted = essence(op, part->text), *self = mentiond_self(op);
        struct json_object *reply = NULL, *list;
        int verdict;

        int r = get_status(op, &reply, part->parent, "/context");
        int orphaned = r == MENTIOND_GONE;   /* ours stays then, answering nothing; but the list below is not all */
        if (orphaned)
                r = mentiond_get_json(op, &reply, "/api/v1/accounts/%s/statuses?exclude_reblogs=true&limit=%d",
                                      mentiond_escape(op, self), PAGE);
        if (r != MENTIOND_OK)
                return about_account(r);

        (void) state;
        list = orphaned ? reply : mj_get(reply, "descendants");
        verdict = orphaned || !json_object_is_type(list, json_type_array) ? MENTIOND_UNKNOWN : MENTIOND_ABSENT;
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *status = mj_at(list, i);
                const char *id = mj_str(status, "id"), *parent = mj_str(status, "in_reply_to_id");
                int recent = mentiond_parse_time(mj_str(status, "created_at")) >= part->tried_usec - CLOCK_USEC;
                const char *text = mj_str(status, "text");   /* as it was posted, where the server keeps that */
                int same;

                if (!*text)
                        text = mentiond_text_from_html(op, mj_str(status, "content"));
                same = strcmp(essence(op, text), wanted) == 0;

                if (strcmp(mj_str(mj_get(status, "account"), "id"), self) != 0 || mentiond_is_posted(op, id) ||
                    (strcmp(parent, part->parent) != 0 && !(orphaned && !*parent)))
                        continue;
                if (same && recent) {
                        ret->id = id;
                        ret->url = mj_str(status, "url");
                        return MENTIOND_OK;
                }
                if (same || recent)
                        verdict = MENTIOND_UNKNOWN;
        }
        return verdict;
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
};
MENTIOND_CHANNEL_PLUGIN(mastodon)

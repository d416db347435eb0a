/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": what a post is, from the API's words to ours.  Owns nothing.
 */
#include "mastodon.h"

/* Where a name or a number is yet to come: the narrowest. */
static const char *const visibilities[] = {
        "direct", [MENTIOND_PUBLIC] = "public", [MENTIOND_UNLISTED] = "unlisted", [MENTIOND_FOLLOWERS] = "private",
};

const char *mastodon_visibility(uint32_t visibility)
{
        return visibilities[visibility < MENTIOND_DIRECT ? visibility : 0];
}

static uint32_t visibility_of(const char *name)
{
        for (uint32_t v = MENTIOND_PUBLIC; v < MENTIOND_DIRECT; v++)
                if (strcmp(name, visibilities[v]) == 0)
                        return v;
        return MENTIOND_DIRECT;
}

/* snac's begin with the time of the last edit, ten digits, and so change with it; it reads only what stands behind them. */
const char *mastodon_id(struct mentiond_op *op, const char *id)
{
        enum { TIME = 10, HASH = 32 };

        if (strlen(id) != TIME + HASH || strspn(id, "0123456789") < TIME || strspn(id + TIME, "0123456789abcdef") != HASH)
                return id;
        return mentiond_format(op, "%0*d%s", TIME, 0, id + TIME);
}

/* A link of the profile, of which the server has seen that it links back. */
static bool is_verified(struct json_object *account)
{
        struct json_object *fields = mj_get(account, "fields"), *field;

        MJ_EACH(field, fields)
                if (*mj_str(field, "verified_at"))
                        return true;
        return false;
}

static struct mentiond_author *author_of(struct mentiond_op *op, const struct mastodon *m, struct json_object *account)
{
        const char *acct = mj_str(account, "acct");
        const char *domain = strchr(acct, '@') ? "" : strrchr(mentiond_self_handle(op), '@');   /* on our own server */

        return MENTIOND_NEW(op, struct mentiond_author,
                .flags = (mj_true(account, "bot") ? MENTIOND_BOT : 0) | (is_verified(account) ? MENTIOND_VERIFIED : 0),
                .id = mj_str(account, "id"),
                .handle = mentiond_format(op, "@%s%s", acct, domain),
                .name = mj_str(account, "display_name"),
                .url = mj_str(account, "url"),
                .followers = m->snac ? -1 : mj_int(account, "followers_count", -1),      /* snac says 0 of everybody */
                .created_usec = mentiond_parse_time(mj_str(account, "created_at")));
}

/* A direct message is a mention, too: a post that only those named in it can see. */
struct mentiond_mention *mastodon_mention(struct mentiond_op *op, const struct mastodon *m, struct json_object *status)
{
        struct json_object *files = mj_get(status, "media_attachments");
        struct mentiond_media *media = mentiond_alloc(op, mj_len(files) * sizeof(*media));
        const char *id = mastodon_id(op, mj_str(status, "id")), *parent = mastodon_id(op, mj_str(status, "in_reply_to_id"));

        for (size_t i = 0; i < mj_len(files); i++) {
                struct json_object *file = mj_at(files, i);

                media[i] = (struct mentiond_media) {
                        .struct_size = sizeof(*media),
                        .url = mastodon_either(mj_str(file, "url"), mj_str(file, "remote_url")),   /* null until it is copied */
                        .type = mj_str(file, "type"),
                        .description = mj_str(file, "description"),
                };
        }
        return MENTIOND_NEW(op, struct mentiond_mention,
                .kind = MENTIOND_MENTION,
                .visibility = visibility_of(mj_str(status, "visibility")),
                .id = id,
                .parent = parent,
                .root = *parent ? "" : id,
                .url = mastodon_either(mj_str(status, "url"), mj_str(status, "uri")),
                .html = mj_str(status, "content"),
                .warning = mj_str(status, "spoiler_text"),
                .language = mj_str(status, "language"),
                .created_usec = mentiond_parse_time(mj_str(status, "created_at")),
                .edited_usec = mentiond_parse_time(mj_str(status, "edited_at")),
                .author = author_of(op, m, mj_get(status, "account")),
                .n_media = (uint32_t) mj_len(files),
                .media = media);
}

int mastodon_get(struct mentiond_op *op, struct json_object **ret, const char *id, const char *what)
{
        return mentiond_get_json(op, ret, "/api/v1/statuses/%s%s", mentiond_escape(op, id), what);
}

bool mastodon_lacks_scope(const struct mentiond_response *response)
{
        return response->status == 403 && strstr(mj_str(response->json, "error"), "scope");
}

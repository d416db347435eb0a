/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": what is done to posts that are there.  Each may be done twice.  Owns nothing.
 */
#include "mastodon.h"

static int change_by(struct mentiond_op *op, const char *method, const char *id, const char *what, struct json_object *body)
{
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .flags = MENTIOND_REPEATABLE,
                .method = method,
                .path = mentiond_format(op, "/api/v1/statuses/%s%s", mentiond_escape(op, id), what),
                .json = body,
        };
        struct mentiond_response response = { .struct_size = sizeof(response) };
        int r = mentiond_http(op, &request, &response);

        if (mastodon_lacks_scope(&response))
                return mentiond_fail(op, MENTIOND_REJECTED, "the token lacks a right (%s): the administrator can make a new one "
                                     "(mentiond-mastodon(5), The token)", mentiond_reason(op));
        if (r == MENTIOND_OK && response.body_size && !json_object_is_type(response.json, json_type_object))
                return mentiond_fail(op, MENTIOND_RETRY, "%s %s: the answer is none of a Mastodon server's", method,
                                     request.path);
        return r;
}

static bool is_own(struct mentiond_op *op, struct json_object *status)
{
        return mj_is(mj_get(status, "account"), "id", mentiond_self(op));
}

/* Whom a direct post names it names from its beginning: an edit must not show it to others. */
static int judge_names(struct mentiond_op *op, const struct mastodon *m, const struct mentiond_change *change)
{
        struct json_object *source = NULL;
        int r = mastodon_get(op, &source, change->id, "/source");

        if (r != MENTIOND_OK)
                return r;
        const char *stranger = mastodon_stranger(op, m, change->text, mj_str(source, "text"));
        if (stranger)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "it is a direct post, and %s would see it as well, whom it did not name before", stranger);
        return r;
}

/* What is not said again is taken away: files and the warning, too.  snac keeps them, and names its files otherwise than it
 * takes them.  It also lets everybody edit the posts of all its accounts. */
int mastodon_edit(struct mentiond_op *op, void *state, const struct mentiond_change *change)
{
        struct json_object *status = NULL, *body, *file, *ids = NULL;
        const struct mastodon *m = state;
        int r = mastodon_get(op, &status, change->id, "");

        if (r != MENTIOND_OK)
                return r;
        if (!is_own(op, status))
                return mentiond_fail(op, MENTIOND_REJECTED, "it is not a post of the account");
        /* snac 2.75 says so */
        if (mastodon_mention(op, m, status)->visibility >= (m->snac ? MENTIOND_FOLLOWERS : MENTIOND_DIRECT))
                r = judge_names(op, m, change);
        if (r != MENTIOND_OK)
                return r;

        struct json_object *files = mj_get(status, "media_attachments");
        if (mj_len(files) && !m->snac) {
                ids = mentiond_json(op, "[]");
                MJ_EACH(file, files)
                        mj_add_str(ids, mj_str(file, "id"));
        }
        body = mentiond_json(op, "{'status': %s, 'spoiler_text': %s, 'sensitive': %p, 'language': %s, 'media_ids': %p}",
                             change->text, mj_str(status, "spoiler_text"),
                             mentiond_json(op, mj_true(status, "sensitive") ? "true" : "false"),
                             mastodon_either(mj_str(status, "language"), NULL), ids);
        return change_by(op, "PUT", change->id, "", body);
}

int mastodon_remove(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *status = NULL;
        int r = change_by(op, "DELETE", id, "", NULL);

        (void) state;
        if (r != MENTIOND_GONE)
                return r;
        /* Older snacs do not know the request. */
        r = mastodon_get(op, &status, id, "");
        if (r == MENTIOND_OK)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     is_own(op, status)
                                             ? "this server does not let its API remove posts: remove it in the server's pages"
                                             : "it is not a post of the account");
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

int mastodon_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        struct json_object *status = NULL;
        int r;

        (void) state;
        if (reaction != MENTIOND_LIKE && reaction != MENTIOND_REPOST)
                return mentiond_fail(op, MENTIOND_REJECTED, "answers cannot be hidden there");
        r = mastodon_get(op, &status, id, "");
        if (r != MENTIOND_OK || mj_true(status, reaction == MENTIOND_LIKE ? "favourited" : "reblogged"))
                return r;
        return change_by(op, "POST", id, reaction == MENTIOND_LIKE ? "/favourite" : "/reblog", NULL);
}

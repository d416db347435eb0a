/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": an answer is posted, and looked for.  Owns nothing.
 */
#include "mastodon.h"

#define CLOCK_USEC INT64_C(60000000)   /* what a server's clock may be behind ours */

/* Servers do not say which: they show neither. */
static int about_parent(struct mentiond_op *op, int verdict)
{
        return verdict == MENTIOND_GONE
                       ? mentiond_fail(op, verdict,
                                       "the post that it answers is gone, or its author has blocked the account, "
                                       "or was suspended")
                       : verdict;
}

/* The id of the account that has this handle, if it wrote that post or is named in it.  Our own is nobody's stranger: the post
 * may be an earlier part. */
static const char *account_of(struct mentiond_op *op, const struct mastodon *m, struct json_object *status, const char *handle)
{
        struct json_object *mentions = mj_get(status, "mentions");

        for (size_t i = 0; i <= mj_len(mentions); i++) {
                struct json_object *account = i ? mj_at(mentions, i - 1) : mj_get(status, "account");

                if (!mj_is(account, "id", mentiond_self(op)) && *mj_str(account, "acct")
                    && !mastodon_stranger(op, m, mentiond_format(op, "@%s", mj_str(account, "acct")), handle))
                        return mj_str(account, "id");
        }
        return "";
}

/* A direct post goes to all whom it names.  Mastodon compares that with whom we mean, *ret_allowed; the others have nobody but us
 * to do so. */
static int judge_names(struct mentiond_op *op, const struct mastodon *m, const struct mentiond_post *part,
                       struct json_object *parent, struct json_object **ret_allowed)
{
        const char *stranger = mastodon_stranger(op, m, part->text, part->only), *id;

        if (stranger)
                return mentiond_fail(op, MENTIOND_REJECTED, "it is for %s alone, and %s would see it as well, whom it names",
                                     part->only, stranger);
        if (mastodon_stranger(op, m, part->only, part->text))
                return mentiond_fail(op, MENTIOND_REJECTED, "a direct post is seen by whom it names, and it does not name %s",
                                     part->only);
        id = account_of(op, m, parent, part->only);
        if (m->like_mastodon && *id)
                *ret_allowed = mentiond_json(op, "[%s, %s]", id, mentiond_self(op));
        return MENTIOND_OK;
}

/* All that comes before the post itself, and that may be done again. */
static int prepare(struct mentiond_op *op, struct mastodon *m, const struct mentiond_post *part, struct json_object **ret_body)
{
        bool alone = part->visibility >= MENTIOND_DIRECT && part->only && *part->only;
        struct json_object *parent = NULL, *allowed = NULL, *files = NULL;
        int r = MENTIOND_OK;

        /* Mastodon refuses an answer to a post that is gone; snac takes it, and shows it as one that answers nothing. */
        if (!m->like_mastodon || alone)
                r = about_parent(op, mastodon_get(op, &parent, part->parent, ""));
        if (r == MENTIOND_OK && alone)
                r = judge_names(op, m, part, parent, &allowed);
        if (r == MENTIOND_OK)
                r = mastodon_upload(op, m, part, &files);
        *ret_body = mentiond_json(op, "{'allowed_mentions': %p, 'media_ids': %p, 'status': %s, 'in_reply_to_id': %s, "
                                  "'visibility': %s, 'language': %s, 'spoiler_text': %s, 'sensitive': %p}", allowed, files,
                                  part->text, part->parent, mastodon_visibility(part->visibility),
                                  mastodon_either(part->language, NULL), mastodon_either(part->warning, NULL),
                                  mentiond_json(op, *part->warning ? "true" : "false"));
        return r;
}

int mastodon_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const char *const headers[] = { mentiond_format(op, "Idempotency-Key: %s", part->key), NULL };
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .method = "POST",
                .path = "/api/v1/statuses",
                .headers = headers,
        };
        struct mentiond_response response = { .struct_size = sizeof(response) };
        struct json_object *status = NULL;

        int r = prepare(op, state, part, &request.json);
        if (r != MENTIOND_OK)
                return r;
        r = about_parent(op, mentiond_http(op, &request, &response));

        /* 403 is about the token if it speaks of scopes.  Else it is about this post, whose author lets nobody
         * answer; or about the account, and then the next poll is refused as well. */
        if (mastodon_lacks_scope(&response))
                return MENTIOND_AUTH;
        if (r == MENTIOND_REJECTED && mj_get(response.json, "unexpected_accounts"))
                return mentiond_fail(op, r, "it is for %s alone, and the server says that others would see it as well",
                                     part->only ? part->only : "one");
        if (r != MENTIOND_OK)
                return r;
        ret->id = mastodon_id(op, mj_str(response.json, "id"));
        ret->url = mj_str(response.json, "url");
        if (!*ret->id)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the post without naming it");

        /* Mastodon's spam filter says yes and stores nothing; but a replica of its database may only be late, or this
         * request fail for reasons of its own: find() decides. */
        r = mastodon_get(op, &status, ret->id, "");
        if (r == MENTIOND_GONE)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS,
                                     "the server took the post, but does not show it: it may be dropped as spam");
        if (r != MENTIOND_OK)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the post, and could not be asked for it");
        return MENTIOND_OK;
}

/* Our answers to the parent that the journal does not know.  One with the same text and a credible time is it; one
 * that agrees in a single respect leaves a doubt, which is for a person. */
int mastodon_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *context = NULL;

        (void) state;
        int r = mastodon_get(op, &context, part->parent, "/context");
        if (r != MENTIOND_OK)
                return r;

        struct json_object *answers = mj_get(context, "descendants"), *status;
        int doubt = !json_object_is_type(answers, json_type_array);
        MJ_EACH(status, answers) {
                /* GoToSocial shows it */
                const char *id = mastodon_id(op, mj_str(status, "id")), *source = mj_str(status, "text");

                if (!mj_is(mj_get(status, "account"), "id", mentiond_self(op)) ||
                    strcmp(mastodon_id(op, mj_str(status, "in_reply_to_id")), part->parent) != 0 || mentiond_is_posted(op, id))
                        continue;
                const char *text = *source ? source : mentiond_text_from_html(op, mj_str(status, "content"));
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

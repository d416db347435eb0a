/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": an answer is said, in public or in private, and looked for.  Owns nothing.
 */
#include "facebook.h"

#define CLOCK_USEC INT64_C(60000000)   /* what Facebook's clock may be behind ours */
#define MESSAGE_MAX 2000                 /* of Messenger; a comment can be longer */

/* To the author of a comment or a visitor's post, once for each, or in a conversation. */
static int send_message(struct mentiond_op *op, const struct facebook *f, const struct mentiond_post *part,
                        struct mentiond_posted *ret)
{
        struct json_object *body = mentiond_json_object(op), *message = json_object_new_object(), *to = json_object_new_object(),
                           *reply = NULL, *above = NULL;
        bool aside = facebook_is_post(part->parent);
        int r = MENTIOND_OK;

        json_object_object_add(body, "recipient", to);
        json_object_object_add(body, "message", message);
        mj_put_str(message, "text", part->text);
        if (mentiond_length(part->text, MENTIOND_CODE_POINTS) > MESSAGE_MAX)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "Messenger takes %d characters at once: say it shorter, or in two notes", MESSAGE_MAX);
        if (aside) {
                size_t size = strlen(mentiond_self(op));
                bool visitor = strncmp(part->parent, mentiond_self(op), size) == 0 && part->parent[size] == '_';

                r = facebook_get(op, f, mentiond_format(op, "%s?fields=can_reply_privately", part->parent), &above);
                mj_put_str(to, visitor ? "post_id" : "comment_id", part->parent);
        } else {
                mj_put_str(to, "id", part->only);
                mj_put_str(body, "messaging_type", f->human_agent ? "MESSAGE_TAG" : "RESPONSE");
                mj_put_str(body, "tag", f->human_agent ? "HUMAN_AGENT" : NULL);
        }
        if (r != MENTIOND_OK)
                return r;
        if (aside && !mj_true(above, "can_reply_privately"))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "Facebook lets it not be answered in private: that can be done once, and for 7 days");
        r = facebook_call(op, f, "POST", 0, body, mentiond_format(op, "%s/messages", mentiond_self(op)), &reply);
        if (r != MENTIOND_OK)
                return r;
        ret->id = mj_str(reply, "message_id");
        return *ret->id ? MENTIOND_OK : mentiond_fail(op, MENTIOND_AMBIGUOUS, "Facebook took the message without naming it");
}

int facebook_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *body = mentiond_json_object(op), *made = NULL, *shown = NULL;

        if (part->visibility >= MENTIOND_DIRECT)
                return send_message(op, state, part, ret);
        if (!facebook_is_post(part->parent))
                return mentiond_fail(op, MENTIOND_REJECTED, "it cannot be answered in public");
        mj_put_str(body, "message", part->text);
        int r = facebook_call(op, state, "POST", 0, body, mentiond_format(op, "%s/comments", part->parent), &made);
        if (r != MENTIOND_OK)
                return r;
        ret->id = mj_str(made, "id");
        if (!facebook_is_post(ret->id))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "Facebook took the comment without naming it");
        /* for the agent */
        if (facebook_get(op, state, mentiond_format(op, "%s?fields=permalink_url", ret->id), &shown) == MENTIOND_OK)
                ret->url = mj_str(shown, "permalink_url");
        return MENTIOND_OK;
}

struct sought {
        const struct mentiond_post *part;
        struct mentiond_posted *found;
        bool doubt;
};

/* One of ours with the same text.  An older one leaves a doubt, for our clock may be ahead of Facebook's, and so does another
 * of that time: that is for a person. */
static int take_own(struct facebook_list *l, struct json_object *item)
{
        struct sought *s = l->sought;
        int64_t usec = mentiond_parse_time(mj_str(item, "created_time"));
        const char *id = mj_str(item, "id");
        bool recent = usec >= s->part->tried_usec - CLOCK_USEC, same;

        facebook_pass(l, usec);
        if (strcmp(id, s->part->parent) == 0)
                l->until_usec = usec;    /* no answer to it is older */
        if (!*id || *s->found->id || usec < l->until_usec || !facebook_is_own(l->op, item) || mentiond_is_posted(l->op, id))
                return MENTIOND_OK;
        same = mentiond_same_text(mj_str(item, "message"), s->part->text);
        if (same && recent)
                *s->found = (struct mentiond_posted) {
                        .struct_size = sizeof(*s->found), .id = id, .url = mj_str(item, "permalink_url"),
                };
        s->doubt |= same || recent;
        return MENTIOND_OK;
}

/* Answers to a comment stand below the first of its conversation, whichever of them they answer. */
int facebook_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct sought s = { .part = part, .found = ret };
        struct facebook_list l = { .op = op, .f = state, .take = take_own, .until_usec = 1, .sought = &s };
        const char *talk = part->root;
        struct json_object *above = NULL;
        int r = MENTIOND_OK;

        ret->id = "";
        if (part->visibility >= MENTIOND_DIRECT) {
                if (facebook_is_post(part->parent)) {
                        r = facebook_get(op, state,
                                         mentiond_format(op, "%s?fields=created_time,can_reply_privately,"
                                                         "private_reply_conversation", part->parent),
                                         &above);
                        talk = mj_str(mj_get(above, "private_reply_conversation"), "id");
                        if (mentiond_parse_time(mj_str(above, "created_time")))
                                l.until_usec = mentiond_parse_time(mj_str(above, "created_time"));
                        s.doubt = r == MENTIOND_OK && !*talk && !mj_true(above, "can_reply_privately");
                }
                l.path = mentiond_format(op, "%s/messages?limit=100&fields=id,message,from,created_time",
                                         mentiond_escape(op, talk));
        } else {
                l.path = mentiond_format(op, "%s/" FACEBOOK_STREAM FACEBOOK_OWN_FIELDS, mentiond_escape(op, talk));
        }
        if (r == MENTIOND_OK && *talk)
                r = facebook_read(&l, NULL);
        if (r != MENTIOND_OK || *ret->id)
                return r;
        return s.doubt ? mentiond_fail(op, MENTIOND_UNKNOWN, "something that the Page said there may be it") : MENTIOND_ABSENT;
}

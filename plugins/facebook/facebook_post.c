/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": an answer is said, in public or in private, and looked for; and what is done to comments that are there.
 * Owns nothing.
 */
#include "facebook.h"

#define CLOCK_USEC INT64_C(60000000)   /* what Facebook's clock may be behind ours */
#define MESSAGE_MAX 2000                 /* of Messenger; a comment can be longer */

/* To the author of a comment or a visitor's post, once for each, or in a conversation. */
static int send_message(struct mentiond_op *op, const struct facebook *f, const struct mentiond_post *part,
                        struct mentiond_posted *ret)
{
        struct json_object *above = NULL, *reply = NULL, *body;
        const char *self = mentiond_self(op);
        int r = MENTIOND_OK;

        if (mentiond_length(part->text, MENTIOND_CODE_POINTS) > MESSAGE_MAX)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "Messenger takes %d characters at once: say it shorter, or in two notes", MESSAGE_MAX);
        if (facebook_is_post(part->parent)) {
                bool visitor = strncmp(part->parent, self, strlen(self)) == 0 && part->parent[strlen(self)] == '_';

                r = facebook_get(op, f, 0, &above, "%s?fields=can_reply_privately", part->parent);
                if (r == MENTIOND_OK && !mj_true(above, "can_reply_privately"))
                        r = mentiond_fail(op, MENTIOND_REJECTED,
                                          "Facebook lets it not be answered in private: that can be done once, and for 7 days");
                body = mentiond_json(op, visitor ? "{'recipient': {'post_id': %s}, 'message': {'text': %s}}"
                                                 : "{'recipient': {'comment_id': %s}, 'message': {'text': %s}}",
                                     part->parent, part->text);
        } else {
                body = mentiond_json(op, "{'recipient': {'id': %s}, 'message': {'text': %s}, 'messaging_type': %s, 'tag': %s}",
                                     part->only, part->text, f->human_agent ? "MESSAGE_TAG" : "RESPONSE",
                                     f->human_agent ? "HUMAN_AGENT" : NULL);
        }
        if (r == MENTIOND_OK)
                r = facebook_call(op, f, "POST", 0, body, mentiond_format(op, "%s/messages", self), &reply);
        if (r != MENTIOND_OK)
                return r;
        ret->id = mj_str(reply, "message_id");
        return *ret->id ? MENTIOND_OK : mentiond_fail(op, MENTIOND_AMBIGUOUS, "Facebook took the message without naming it");
}

int facebook_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *made = NULL, *shown = NULL;

        if (part->visibility >= MENTIOND_DIRECT)
                return send_message(op, state, part, ret);
        if (!facebook_is_post(part->parent))
                return mentiond_fail(op, MENTIOND_REJECTED, "it cannot be answered in public");
        int r = facebook_call(op, state, "POST", 0, mentiond_json(op, "{'message': %s}", part->text),
                              mentiond_format(op, "%s/comments", part->parent), &made);
        if (r != MENTIOND_OK)
                return r;
        ret->id = mj_str(made, "id");
        if (!facebook_is_post(ret->id))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "Facebook took the comment without naming it");
        (void) facebook_get(op, state, 0, &shown, "%s?fields=permalink_url", ret->id);   /* for the agent */
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

        if (strcmp(id, s->part->parent) == 0)
                l->until_usec = usec;    /* no answer to it is older */
        if (!*id || *s->found->id || usec < l->until_usec || !facebook_is_own(l->op, item) || mentiond_is_posted(l->op, id))
                return MENTIOND_OK;
        same = mentiond_same_text(mj_str(item, "message"), s->part->text);
        if (same && recent) {
                s->found->id = id;
                s->found->url = mj_str(item, "permalink_url");
        }
        s->doubt |= same || recent;
        return MENTIOND_OK;
}

/* Answers to a comment stand below the first of its conversation, whichever of them they answer. */
int facebook_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct sought s = { .part = part, .found = ret };
        struct facebook_list l = { .op = op, .f = state, .take = take_own, .until_usec = 1, .sought = &s };
        bool direct = part->visibility >= MENTIOND_DIRECT;
        struct json_object *above = NULL;
        const char *talk = part->root;
        int r = MENTIOND_OK;

        ret->id = "";
        if (direct && facebook_is_post(part->parent)) {
                r = facebook_get(op, state, 0, &above, "%s?fields=created_time,can_reply_privately,private_reply_conversation",
                                 part->parent);
                talk = mj_str(mj_get(above, "private_reply_conversation"), "id");
                if (mentiond_parse_time(mj_str(above, "created_time")))
                        l.until_usec = mentiond_parse_time(mj_str(above, "created_time"));
                s.doubt = !*talk && !mj_true(above, "can_reply_privately");
        }
        l.path = mentiond_format(op, "%s/%s", mentiond_escape(op, talk),
                                 direct ? "messages?limit=100&fields=id,message,from,created_time"
                                        : FACEBOOK_STREAM FACEBOOK_OWN_FIELDS);
        if (r == MENTIOND_OK && *talk)
                r = facebook_read(&l, NULL);
        if (r != MENTIOND_OK || *ret->id)
                return r;
        return s.doubt ? mentiond_fail(op, MENTIOND_UNKNOWN, "something that the Page said there may be it") : MENTIOND_ABSENT;
}

/* --- What is done to comments that are there --- */

static int change_by(struct mentiond_op *op, const struct facebook *f, const char *method, const char *path,
                     struct json_object *body)
{
        int r = facebook_call(op, f, method, MENTIOND_REPEATABLE, body, path, NULL);

        return r == MENTIOND_BLOCKED ? MENTIOND_REJECTED : r;    /* a command is not waited for */
}

/* A Page could change and remove what others wrote below its posts, too. */
static int change_own(struct mentiond_op *op, const struct facebook *f, const char *method, const char *id,
                      struct json_object *body)
{
        struct json_object *item = NULL;

        if (!facebook_is_post(id))
                return mentiond_fail(op, MENTIOND_REJECTED, "messages cannot be changed or removed");
        int r = facebook_get(op, f, 0, &item, "%s?fields=id,from", id);
        if (r != MENTIOND_OK)
                return r;
        return facebook_is_own(op, item) ? change_by(op, f, method, id, body)
                                         : mentiond_fail(op, MENTIOND_REJECTED, "it is not the Page's own");
}

int facebook_edit(struct mentiond_op *op, void *state, const struct mentiond_change *change)
{
        return change_own(op, state, "POST", change->id, mentiond_json(op, "{'message': %s}", change->text));
}

int facebook_remove(struct mentiond_op *op, void *state, const char *id)
{
        int r = change_own(op, state, "DELETE", id, NULL);

        return r == MENTIOND_GONE ? MENTIOND_OK : r;     /* the Page sees its own */
}

int facebook_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        if (!facebook_is_post(id) || (reaction != MENTIOND_LIKE && reaction != MENTIOND_HIDE))
                return mentiond_fail(op, MENTIOND_REJECTED, "that cannot be done to it on Facebook");
        return reaction == MENTIOND_LIKE ? change_by(op, state, "POST", mentiond_format(op, "%s/likes", id), NULL)
                                         : change_by(op, state, "POST", id, mentiond_json(op, "{'is_hidden': true}"));
}

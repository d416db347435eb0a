/* SPDX-License-Identifier: MIT
 *
 * What the daemon writes into X: answers, which it refuses for reasons of its own, files, and their end.  Owns the files.
 */
#include "x.h"

#include "desk.h"

static int n_files;

static struct answer said(const char *name)
{
        struct json_object *o = json_object_new_object(), *data = json_object_new_object();

        mj_put_bool(data, name, 1);
        json_object_object_add(o, "data", data);
        return x_reply(o);
}

/* The post that has the same text already, or -1. */
static int same_text(int network, const char *text)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && social.statuses[i].account == BRAND && !social.statuses[i].deleted &&
                    streq(social.statuses[i].text, text))
                        return i;
        return -1;
}

/* Whether no other note says the same. */
static bool is_alone(int note)
{
        int like = 0;

        for (int i = 0; i < n_agent_notes; i++)
                like += agent_notes[i].group == agent_notes[note].group;
        return like == 1;
}

static bool has_files(struct json_object *ids)
{
        for (size_t i = 0; i < mj_len(ids); i++)
                if (atoi(json_object_get_string(mj_at(ids, i))) > n_files)
                        return false;
        return true;
}

struct answer x_create(const struct request *q)
{
        struct json_object *reply = mj_get(q->body, "reply"), *ids = mj_get(mj_get(q->body, "media"), "media_ids"), *o, *data;
        const char *text = mj_str(q->body, "text"), *parent = mj_str(reply, "in_reply_to_tweet_id");
        int above = x_status(q->server, parent), n = people_note_in(text), same = same_text(q->server, text), i;

        if (n >= 0)
                agent_notes[n].sends++;
        if (above < 0) {
                if (n >= 0)
                        agent_notes[n].rejected++;
                return x_refuse(403, "You attempted to reply to a Tweet that is deleted or not visible to you.");
        }
        if (social.statuses[above].account != BRAND && !x_names_brand(above)) {
                happened(X_UNCALLED);
                return x_refuse(403, "You can only reply to or quote posts where you are mentioned or are the author.");
        }
        if (same >= 0 && !mj_len(ids)) {
                happened(social.statuses[same].by_api && n >= 0 && is_alone(n) ? X_HAD_IT : X_DUPLICATE);
                note("X has that text already, as %s: %s", social.statuses[same].id, text);
                return x_refuse(403, "You are not allowed to create a Tweet with duplicate content.");
        }
        if (!has_files(ids))
                return x_refuse(400, "Your media IDs are invalid.");
        i = social_post(q->server, BRAND, above, false, 'u', text, "");
        social.statuses[i].by_api = true;
        social.statuses[i].sent = q->sent_usec;
        social.statuses[i].sent_jump = q->sent_jump;
        x_post_of(i)->above = strtoull(parent, NULL, 10);
        x_post_of(i)->photos = (int) mj_len(ids);
        if (x_lies(400))
                x_post_of(i)->listed_usec = sim.now + between(R_NET, 1, 1200) * USEC_PER_SEC;
        if (happenings[CEILING] > x_networks[q->server].ceilings)
                happened(X_ABOVE_CEILING);
        note("X posts %s in answer to %s: %s", social.statuses[i].id, parent, text);
        o = json_object_new_object();
        data = json_object_new_object();
        mj_put_str(data, "id", social.statuses[i].id);
        mj_put_str(data, "text", text);
        json_object_object_add(o, "data", data);
        return (struct answer) { .status = 201, .json = o };
}

struct answer x_change(const struct request *q, int status, const char *what)
{
        struct status *s = &social.statuses[status];

        if (streq(q->method, "PUT") && streq(what, "/hidden")) {
                x_post_of(status)->hidden = mj_true(q->body, "hidden");
                return said("hidden");
        }
        if (!streq(q->method, "DELETE") || *what)
                return x_refuse(404, "Not Found");
        if (s->account != BRAND)
                return x_refuse(403, "You are not allowed to delete this Tweet.");
        social_delete(status);
        return said("deleted");
}

struct answer x_repost(const struct request *q)
{
        int i = x_status(q->server, mj_str(q->body, "tweet_id"));

        if (i < 0)
                return x_refuse(404, "Not Found");
        social.statuses[i].boosted = true;
        note("the brand: repost of %s", social.statuses[i].id);
        return said("retweeted");
}

struct answer x_take_file(const struct request *q)
{
        struct json_object *o, *data;

        if (streq(q->path, "/2/media/upload") && !strstr(q->text, "name=\"media\""))
                return x_refuse(400, "media is required");
        o = json_object_new_object();
        data = json_object_new_object();
        put_owned(data, "id", xasprintf("%d", streq(q->path, "/2/media/upload") ? ++n_files : n_files));
        json_object_object_add(o, "data", data);
        return x_reply(o);
}

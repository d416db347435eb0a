/* SPDX-License-Identifier: MIT
 *
 * What the daemon, or anybody else with the Page's token, writes into the model Facebook: comments, messages, and their end.  Owns
 * nothing.
 */
#include "facebook.h"
#include "oracle.h"

static struct answer done(void)
{
        struct answer a = { .status = 200, .json = json_object_new_object() };

        mj_put_bool(a.json, "success", true);
        return a;
}

static struct answer refuse(int note, int code, int subcode, const char *message)
{
        if (note >= 0)
                agent_notes[note].rejected++;
        return facebook_refuse(400, code, subcode, message);
}

static struct answer refuse_gone(int note)
{
        return refuse(note, 100, 33, "Unsupported request. Object does not exist, or cannot be loaded due to missing permissions");
}

static struct answer refuse_late(int note)
{
        return refuse(note, 10, 2018278, "(#10) This message is sent outside of allowed window.");
}

/* By its id it is there at once; lists may have it later. */
static int say(const struct request *q, int parent, char visibility, const char *text)
{
        int i;

        facebook.requested = true;
        i = social_post(q->server, BRAND, parent, false, visibility, text, "");
        facebook.requested = false;
        social.statuses[i].by_api = true;
        social.statuses[i].sent = q->sent_usec;
        social.statuses[i].sent_jump = q->sent_jump;
        if (sim.faults && !q->fault.late && chance(R_NET, 200)) {
                facebook.items[i].visible = sim.now + between(R_NET, USEC_PER_SEC, sim.plan.settle_usec * 3 / 4);
                happened(FACEBOOK_LATE);
        }
        note("the Page says %s in answer to %s: %s", social.statuses[i].id, social.statuses[parent].id, text);
        return i;
}

static struct answer comment(const struct request *q, const char *id)
{
        const char *text = mj_str(q->body, "message");
        int parent = facebook_find_status(q->server, id), n = people_note_in(text), i;
        struct answer a;

        if (n >= 0)
                agent_notes[n].sends++;
        if (!*text)
                return refuse(n, 100, 0, "(#100) Param message must not be empty");
        if (parent < 0 || facebook.items[parent].kind == FACEBOOK_MESSAGE || !facebook_has(parent))
                return refuse_gone(n);
        i = say(q, parent, 'u', text);
        a = (struct answer) { .status = 200, .json = json_object_new_object() };
        mj_put_str(a.json, "id", social.statuses[i].id);
        return a;
}

/* The article that shows it, of those that the agent had before him; -1: none, or it has been given a ticket of its own. */
static int shown_before(int status, const struct agent_note *n)
{
        int branch = branch_of(status);

        if (branch >= 0 && branch < n->article && desk_follow(desks.articles[branch].ticket) != desk_follow(desks.articles[n->article].ticket))
                return -1;
        for (int i = n->article - 1; i >= 0; i--)
                if (!desks.articles[i].agent && people_mention_in(desks.articles[i].body) == status &&
                    desk_follow(desks.articles[i].ticket) == desk_follow(desks.articles[n->article].ticket))
                        return i;
        return -1;
}

/* What a message answers is not said: a part the one before it; else, of what the customer wrote there, the newest that the agent had
 * before him in his ticket; of two of the same second the one that he had later. */
static int answered_by(int account, int n)
{
        int newest = -1, best = -1, best_article = -1;

        for (int i = facebook.n_items - 1; i >= 0; i--) {
                const struct status *s = &social.statuses[i];
                int article;

                if (s->network || facebook.items[i].kind != FACEBOOK_MESSAGE || facebook.items[i].talk != account)
                        continue;
                if (s->account == BRAND) {
                        if (n >= 0 && s->by_api && agent_notes[n].is_long && people_note_in(s->text) == n)
                                return i;
                        continue;
                }
                newest = newest < 0 ? i : newest;
                article = n < 0 || (best >= 0 && s->created / USEC_PER_SEC != social.statuses[best].created / USEC_PER_SEC)
                          ? -1 : shown_before(i, &agent_notes[n]);
                if (article > best_article) {
                        best = i;
                        best_article = article;
                }
        }
        return best >= 0 ? best : newest;
}

static bool is_open(int account)
{
        for (int i = 0; i < facebook.n_items; i++)
                if (social.statuses[i].network == 0 && facebook.items[i].kind == FACEBOOK_MESSAGE && facebook.items[i].talk == account &&
                    social.statuses[i].account == account && world_utc() - social.statuses[i].created < FACEBOOK_DAY)
                        return true;
        return false;
}

static int account_named(const char *id)
{
        for (int account = 1; account < N_ACCOUNTS; account++)
                if (streq(accounts[account].id, id))
                        return account;
        return -1;
}

static struct answer message(const struct request *q)
{
        struct json_object *to = mj_get(q->body, "recipient");
        const char *text = mj_str(mj_get(q->body, "message"), "text"), *comment_id = mj_str(to, "comment_id"), *post_id = mj_str(to, "post_id");
        int n = people_note_in(text), account = account_named(mj_str(to, "id")), above = -1, i;
        struct answer a;

        if (n >= 0)
                agent_notes[n].sends++;
        if (*comment_id || *post_id) {
                above = facebook_find_status(q->server, *comment_id ? comment_id : post_id);
                if (above < 0 || !facebook_has(above) || facebook.items[above].kind != (*comment_id ? FACEBOOK_COMMENT : FACEBOOK_VISITOR))
                        return refuse(n, 100, 0, "(#100) No matching object found");
                if (facebook.items[above].aside >= 0)
                        return refuse(n, 10900, 0, "(#10900) Activity already replied to");
                if (!facebook_may_reply_aside(above))
                        return refuse_late(n);
                i = say(q, above, 'd', text);
                facebook.items[above].aside = i;
                social.statuses[above].no_aside = true;
        } else {
                if (account < 0)
                        return refuse(n, 100, 0, "(#100) No matching user found");
                if (!is_open(account) || !streq(mj_str(q->body, "messaging_type"), "RESPONSE"))
                        return refuse_late(n);
                i = say(q, answered_by(account, n), 'd', text);
        }
        a = (struct answer) { .status = 200, .json = json_object_new_object() };
        mj_put_str(a.json, "recipient_id", accounts[facebook.items[i].talk].id);
        mj_put_str(a.json, "message_id", social.statuses[i].id);
        return a;
}

static struct answer change(const struct request *q, int i)
{
        struct status *s = &social.statuses[i];

        if (mj_get(q->body, "is_hidden")) {
                note("the Page hides %s", s->id);
                return done();
        }
        if (!*mj_str(q->body, "message"))
                return facebook_refuse(400, 100, 0, "(#100) Param message must not be empty");
        if (people_note_in(mj_str(q->body, "message")) >= 0)
                agent_notes[people_note_in(mj_str(q->body, "message"))].sends++;
        if (!streq(mj_str(q->body, "message"), s->text))
                social_edit(i, mj_str(q->body, "message"));
        return done();
}

struct answer facebook_write(const struct request *q, const char *id, const char *edge)
{
        int i = facebook_find_status(q->server, id);

        if (streq(q->method, "POST") && streq(id, FACEBOOK_PAGE) && streq(edge, "messages"))
                return message(q);
        if (streq(q->method, "POST") && streq(edge, "comments"))
                return comment(q, id);
        if (i < 0 || facebook.items[i].kind == FACEBOOK_MESSAGE || !facebook_has(i))
                return refuse_gone(-1);
        if (streq(q->method, "POST") && streq(edge, "likes")) {
                social.statuses[i].liked = true;
                note("the brand likes %s", id);
                return done();
        }
        if (*edge)
                return facebook_refuse(400, 100, 0, "Unsupported post request");
        if (!streq(q->method, "DELETE"))
                return change(q, i);
        social_delete(i);
        return done();
}

void facebook_on_fault(const struct request *q)
{
        const char *said = mj_str(q->body, "message"), *text = *said ? said : mj_str(mj_get(q->body, "message"), "text");
        int n = streq(q->method, "GET") ? -1 : people_note_in(text);

        if (n >= 0)
                agent_notes[n].lost_sends++;
}

/* What people wrote below it goes with it. */
void facebook_deleted(int i)
{
        for (int k = i + 1; k < facebook.n_items; k++)
                if (social.statuses[k].network == 0 && (facebook.items[k].above == i || facebook.items[k].top == i) &&
                    social.statuses[k].account != BRAND && !social.statuses[k].deleted)
                        social_delete(k);
}

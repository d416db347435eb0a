/* SPDX-License-Identifier: MIT
 *
 * Posts that can be answered for some time only, or not at all.  Few networks that are simulated have them: the plugin's posts get
 * them on their way to the host, as a plugin would tell, and the network takes every answer.  That none is given too late the
 * oracle says.  Owns nothing.
 */
#include "masto.h"
#include "oracle.h"

#include "host/op.h"

#include <mentiond/channel.h>

#define SLACK_USEC USEC_PER_SEC          /* between the look and the post: a commit */

/* ld's --wrap: what plugins call. */
int __real_mentiond_emit(struct mentiond_op *op, const struct mentiond_mention *mention);
int __wrap_mentiond_emit(struct mentiond_op *op, const struct mentiond_mention *mention);
void __real_mentiond_emit_again(struct mentiond_op *op, const struct mentiond_mention *mention);
void __wrap_mentiond_emit_again(struct mentiond_op *op, const struct mentiond_mention *mention);

void rights_give(int status)
{
        struct status *s = &social.statuses[status];
        int64_t minutes;
        int dice;

        if (social.networks[s->network].kind->is_watched)
                s->right = MENTIOND_REPLY_NEVER;
        if (!sim.plan.windows || s->right || social.networks[s->network].kind->tells_rights || s->account == BRAND || people_mention_in(s->text) < 0)
                return;                  /* old posts have no names that the oracle knows */
        dice = (int) below(R_RIGHTS, 100);
        minutes = between(R_RIGHTS, 1, 40);
        s->right = dice < 60 ? MENTIOND_MAY_REPLY : dice < 88 ? MENTIOND_REPLY_UNTIL
                   : dice < 94 ? MENTIOND_REPLY_NEVER : MENTIOND_REPLY_SUMMONED;
        if (s->right == MENTIOND_REPLY_UNTIL)
                s->until = world_utc() + minutes * USEC_PER_MINUTE;
}

static struct mentiond_mention with_right(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        struct mentiond_mention m = *mention;

        for (int k = 0; k < social.n_networks; k++) {
                int i = streq(op->instance->name, social.networks[k].name) ? social_find(k, strempty(m.id)) : -1;

                /* What the host, the plugin or the network itself says stands where nothing was drawn. */
                if (i < 0 || social.networks[k].kind->is_watched || social.networks[k].kind->tells_rights ||
                    social.statuses[i].right == MENTIOND_MAY_REPLY || social.statuses[i].tells_right)
                        continue;
                m.reply_right = social.statuses[i].right;
                m.reply_until_usec = social.statuses[i].until;
                m.reply_reason = "that is the rule here";
        }
        return m;
}

int __wrap_mentiond_emit(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        struct mentiond_mention m = with_right(op, mention);

        return __real_mentiond_emit(op, &m);
}

void __wrap_mentiond_emit_again(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        struct mentiond_mention m = with_right(op, mention);

        __real_mentiond_emit_again(op, &m);
}

/* Of one that is open for long nobody is told yet. */
bool rights_end_after(int64_t world_usec)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].until > UTC_START + world_usec && social.statuses[i].until < world_utc() + 2 * USEC_PER_HOUR)
                        return true;
        return false;
}

/* --- The oracle --- */

/* Files go up before the post, and each may need some tries. */
static int64_t slack_of(const struct status *s)
{
        int note = people_note_in(s->text);

        return note >= 0 && desks.articles[agent_notes[note].article].attachments ? 2 * USEC_PER_MINUTE + 4 * sim.plan.timeout_usec : SLACK_USEC;
}

bool is_barred(int ticket, const char *reason)
{
        bool window = strstr(reason, "could be answered until");

        for (int i = 0; i < desks.n_articles; i++) {
                int s = desks.articles[i].agent ? -1 : people_mention_in(desks.articles[i].body);

                for (int k = 0; k < social.n_networks && !desks.articles[i].agent; k++)
                        if ((s < 0 || social.statuses[s].network == k) && social.networks[k].kind->bars &&
                            desk_follow(desks.articles[i].ticket) == desk_follow(ticket) && social.networks[k].kind->bars(s, reason))
                                return true;
        }
        if (!window && !strstr(reason, "cannot be answered: that is") && !strstr(reason, "nothing can be posted there") && !strstr(reason, "has not called the account"))
                return false;
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                int s = a->agent ? -1 : people_mention_in(a->body);
                const struct status *x = s < 0 ? NULL : &social.statuses[s];

                if (!x || desk_follow(a->ticket) != desk_follow(ticket))
                        continue;
                /* Where the daemon's clock is ahead it is over sooner. */
                if (window ? x->right == MENTIOND_REPLY_UNTIL && (x->until < world_utc() || happenings[CLOCK_FORWARD] || happenings[CLOCK_BACK])
                           : x->right > MENTIOND_REPLY_UNTIL)
                        return true;
        }
        return false;
}

static void judge_answer(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i], *p;
        int at = s->parent, note = people_note_in(s->text);

        /* A message does not say what it answers: that is guessed by when the agent wrote it (facebook_write.c). */
        if (s->visibility == 'd' && social.networks[s->network].kind == &facebook_kind && note >= 0 && notes_like(&agent_notes[note]) > 1)
                return;
        while (at >= 0 && social.statuses[at].by_api)     /* earlier parts */
                at = social.statuses[at].parent;
        p = at < 0 ? NULL : &social.statuses[at];
        if (!p || p->right == MENTIOND_MAY_REPLY || (s->visibility == 'd' && p->visibility != 'd'))
                return;
        if (p->right == MENTIOND_REPLY_UNTIL && (s->sent + UTC_START <= p->until + slack_of(s) || s->sent_jump < 0)) {
                happened(IN_TIME);
                return;
        }
        broken(v, LEAKED, s->id, "%s answers %s, which can%s be answered%s", s->id, p->id, p->until ? "" : "not", p->until ? " no more" : "");
        add_word(v, p->id);
}

void judge_rights(struct verdict *v)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].by_api)
                        judge_answer(v, i);
        for (int i = 0; i < desks.n_articles; i++)
                if (startswith(desks.articles[i].key, "note:window:"))
                        happened(WINDOW_TOLD);
        for (int i = 0; i < n_rows; i++)
                if (streq(rows[i].kind, "reply") && strstr(rows[i].reason, "that is the rule here"))
                        happened(TOO_LATE);
                else if (streq(rows[i].kind, "reply") && strstr(rows[i].reason, "lets only some people answer"))
                        happened(GATED);
}

/* SPDX-License-Identifier: MIT
 *
 * The oracle's part on what changes after it was filed: agents are told of edits, of deletions and of what the brand answered by
 * itself, once the time has come to read the conversation again.  Owns nothing; called by oracle.c.
 */
#include "oracle.h"

#define READ_AGAIN 20                    /* posts of a conversation, the newest, as flow/reread.c has it */

static bool is_said(int article, const char *words, const char *text)
{
        return strstr(desks.articles[article].body, words) && strstr(desks.articles[article].body, text);
}

static int told_of(int ticket, const char *words, const char *text)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].create_by == DAEMON && desks.articles[i].agent && desk_follow(desks.articles[i].ticket) == ticket &&
                    is_said(i, words, text))
                        return i;
        return -1;
}

/* Whether what happened then must have been seen: after a post was filed, its conversation is read again when it is three times as
 * old, and so on; the clock may not have jumped, the texts must be kept, and it must be among the newest of its ticket. */
static bool is_due(int article, int64_t when)
{
        int64_t filed = desks.articles[article].created, calm = 1000 * USEC_PER_SEC + sim.plan.busy_usec;
        int after = 0;

        for (int k = article + 1; k < desks.n_articles; k++)
                after += !desks.articles[k].agent && desks.articles[k].born_ticket == desks.articles[article].born_ticket;
        return after < READ_AGAIN && !sim.plan.jump_usec && !sim.plan.forget_usec && desks.articles[article].confirmed && when > desks.articles[article].confirmed &&
               sim.now > MAX(when, calm) + 2 * (when - filed) + 25 * USEC_PER_MINUTE;
}

/* Where the agent reads of it: of a branch, in its own. */
static int article_now(int status)
{
        int branch = branch_of(status);

        return branch >= 0 ? branch : article_of(status, NULL, NULL);
}

static int told_of_post(int status, const char *words, const char *text)
{
        int article = article_of(status, NULL, NULL), branch = branch_of(status), told = -1;

        if (article >= 0)
                told = told_of(desk_follow(desks.articles[article].ticket), words, text);
        return told < 0 && branch >= 0 ? told_of(desk_follow(desks.articles[branch].ticket), words, text) : told;
}

/* Or what is above it: then what is read again does not show it. */
static bool may_be_hidden(int status)
{
        const struct network_kind *kind = social.networks[social.statuses[status].network].kind;

        for (int i = status; kind->may_hide && i >= 0; i = social.statuses[i].parent)
                if (kind->may_hide(i))
                        return true;
        return false;
}

static void judge_change(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i];
        int article = article_now(i), ticket = article < 0 ? -1 : desk_follow(desks.articles[article].ticket);
        int64_t edited = s->edited - UTC_START;
        const struct network_kind *kind = social.networks[s->network].kind;
        int branch = branch_of(i);

        if (ticket < 0 || s->account == BRAND || s->silent)
                return;
        if (branch >= 0 && desks.tickets[desk_follow(desks.articles[branch].ticket)].deleted)
                return;                  /* its own ticket, which is told */
        if (s->n_versions && told_of_post(i, "has changed a post", s->text) >= 0)
                happened(TOLD_EDITED);
        else if (s->n_versions && !kind->hides_edits && !s->edit_hidden && !may_be_hidden(i) && !s->deleted && !s->chain_broken && !desks.tickets[ticket].in_merge && is_due(article, edited) &&
                 !strstr(desks.articles[article].body, s->text))
                broken(v, LOST, s->id, "mention %s was edited, and nobody told the agent", s->id);
        if (!s->deleted && told_of_post(i, "has deleted a post", s->text) >= 0)
                broken(v, WRONG, s->id, "the agent was told that mention %s was deleted, which is there", s->id);
        if (s->deleted && told_of_post(i, "has deleted a post", s->text) >= 0)
                happened(TOLD_DELETED);
        else if (s->deleted && !kind->hides_deletions && !s->n_versions && !desks.tickets[ticket].in_merge && is_due(article, s->deleted_usec))
                broken(v, LOST, s->id, "mention %s was deleted, and nobody told the agent", s->id);
}

/* The request was late, and the reply taken back by then: of that nobody knew any more.  Of two, too, that went out as the agent had a
 * held one sent once more, the first; and the part that may have been out when he had the others removed. */
static bool is_given_up(const char *text)
{
        int n = people_note_in(text), last;

        for (int k = 0; n >= 0 && k < n_agent_notes; k++)        /* written twice, it is one of them */
                if (agent_notes[k].group == agent_notes[n].group && has_note(agent_notes[k].article, "withdrawn"))
                        return true;
        return n >= 0 && (agent_notes[n].dropped || is_half_removed(n) || posts_of(n, &last) > 1 ||
                          desks.tickets[desks.articles[agent_notes[n].article].born_ticket].deleted);
}

/* A reply that was sent is held: what is on the network may be that. */
static bool is_unsure(int ticket)
{
        for (int k = 0; k < n_agent_notes; k++) {
                _cleanup_free_ char *id = xasprintf("%d", agent_notes[k].article + 1);

                if (desk_follow(desks.articles[agent_notes[k].article].ticket) == ticket &&
                    (agent_notes[k].spam || agent_notes[k].lost_sends || sim.incarnation) &&
                    is_aside(row_of("reply", desks.all[desks.tickets[ticket].desk].name, id)))
                        return true;
        }
        return false;
}

static void judge_app_post(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i];
        int article = s->parent < 0 ? -1 : article_now(s->parent), ticket = article < 0 ? -1 : desk_follow(desks.articles[article].ticket);

        if (ticket < 0)
                return;
        if (told_of_post(s->parent, "answered outside of the helpdesk", s->text) >= 0)
                happened(TOLD_APP);
        else if (!social.networks[s->network].kind->hides_own && !s->silent && !may_be_hidden(i) && !s->chain_broken && !desks.tickets[ticket].in_merge && is_due(article, s->created - UTC_START) && !is_unsure(ticket))
                broken(v, LOST, s->id, "%s was written in the app, and nobody told the agent", s->id);
}

/* It is found when the conversation above it is read again. */
static void judge_untold(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i];
        const struct network_kind *kind = social.networks[s->network].kind;
        int above = s->parent, article, all;

        if (!kind->is_untold || !kind->is_untold(i))
                return;
        (void) article_of(i, NULL, &all);
        if (all) {
                happened(UNTOLD_FOUND);
                return;
        }
        while (above >= 0 && article_now(above) < 0)
                above = social.statuses[above].parent;
        article = above < 0 ? -1 : article_now(above);
        if (article >= 0 && !s->deleted && !s->chain_broken && !may_be_hidden(i) && !desks.tickets[desk_follow(desks.articles[article].ticket)].in_merge &&
            !row_of("mention", social.networks[s->network].name, s->id) && is_due(article, social.notifications[s->notification].visible))
                broken(v, LOST, s->id, "%s answers what is in ticket %d, nobody told of it, and it was not found", s->id,
                       desk_follow(desks.articles[article].ticket) + 1);
}

void judge_changes(struct verdict *v)
{
        for (int i = 0; i < social.n_statuses; i++) {
                judge_untold(v, i);
                if (social.statuses[i].account == BRAND && !social.statuses[i].by_api)
                        judge_app_post(v, i);
                else
                        judge_change(v, i);
        }
        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].create_by == DAEMON && strstr(desks.articles[i].body, "answered outside of the helpdesk") &&
                    people_app_post_in(desks.articles[i].body) < 0 && !is_given_up(desks.articles[i].body))
                        broken(v, WRONG, word_of("article %d", i + 1), "article %d calls a reply what was written in the app: %s", i + 1,
                               desks.articles[i].body);
}

/* SPDX-License-Identifier: MIT
 *
 * The oracle's part on the way out: each public note one post, in its place, no more public than what it answers, and
 * told to the agent once; or held for a reason that has a cause.  What was internal once is never said.  Owns nothing;
 * called by oracle.c.
 */
#include "oracle.h"

static bool is_there(int article, const char *key)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (streq(desks.articles[i].key, key))
                        return true;
        return desks.all[desks.tickets[desks.articles[article].ticket].desk].kind->remembers(key);
}

/* Of one that a person sent on its way again the agent is told anew, under a key that ends in how often. */
int note_about(int article, const char *what)
{
        _cleanup_free_ char *key = xasprintf("note:%d:%s", article + 1, what), *again = xasprintf("%s:", key);
        int found = -1;

        for (int i = 0; i < desks.n_articles; i++)
                if (streq(desks.articles[i].key, key) || startswith(desks.articles[i].key, again))
                        found = i;
        return found;
}

bool has_note(int article, const char *what)
{
        _cleanup_free_ char *key = xasprintf("note:%d:%s", article + 1, what);

        if (note_about(article, what) >= 0 || is_there(article, key))
                return true;
        for (int again = 1; again <= n_agent_notes; again++) {   /* no more orders than notes */
                _cleanup_free_ char *later = xasprintf("%s:%d", key, again);

                if (is_there(article, later))
                        return true;
        }
        return false;
}

static int rank(char visibility)
{
        return (int) (strchr("ulfd", visibility) - "ulfd");
}

/* Where times are told in seconds: of two that were shown in the wrong order nobody knows which is the younger.  Where authors tell
 * them: the network has the one above the other. */
static bool is_same_time(int a, int b)
{
        const struct status *x = &social.statuses[a], *y = &social.statuses[b];
        int64_t (*claimed)(int status) = social.networks[x->network].kind->claimed;

        if (claimed)
                return claimed(a) <= claimed(b);
        return social.networks[x->network].kind->in_seconds && x->created / USEC_PER_SEC == y->created / USEC_PER_SEC;
}

/* By a command; then it answers nothing that was said aside. */
static bool is_said_in_public(const struct agent_note *n)
{
        return n->command == COMMAND_PUBLIC || n->command == COMMAND_CLOSE || command_after((int) (n - agent_notes), COMMAND_PUBLIC) >= 0;
}

/* The article by which an agent last said that it goes, as if he wrote it then: where nothing was said in public before, it answers what
 * is there by now. */
static int said_by_article(const struct agent_note *n)
{
        int last = (int) (n - agent_notes);

        for (int by = command_after(last, COMMAND_PUBLIC); by >= 0; by = command_after(by, COMMAND_PUBLIC))
                last = by;
        return agent_notes[last].article;
}

/* Whether a post was of this ticket no more when a reply in it was sent: it begins a branch. */
static bool was_split_off(int status, const struct agent_note *n)
{
        int branch = branch_of(status), ticket = desk_follow(desks.articles[n->article].ticket);

        if (branch < 0 || desk_follow(desks.articles[branch].ticket) == ticket)
                return false;
        for (int k = 0; k < n_agent_notes; k++)
                if (agent_notes[k].command == COMMAND_SPLIT && desk_follow(desks.articles[agent_notes[k].article].ticket) == ticket &&
                    (agent_notes[k].article < n->article || has_note(n->article, "held")))
                        return true;
        return false;
}

static void judge_post(struct verdict *v, const struct agent_note *n, int i)
{
        const struct status *s = &social.statuses[i], *parent = s->parent >= 0 ? &social.statuses[s->parent] : NULL;
        const struct article *a = &desks.articles[n->article];
        char *token = word_of("r%dq", n->group);
        int shown;

        if (!parent) {
                if (!social.networks[s->network].kind->drops_parents || !is_tree_broken(a->ticket))
                        broken(v, WRONG, token, "reply %s (%s) answers nothing", s->id, token);
                return;
        }
        if (rank(s->visibility) < rank(parent->visibility) || (s->visibility == 'u' && !social.networks[s->network].kind->all_public))
                broken(v, LEAKED, token, "reply %s (%s) is more public than what it answers", s->id, token);
        if (note_is_aside(n) && s->visibility != 'd' &&
            !(has_note(n->article, "held") && command_after((int) (n - agent_notes), COMMAND_PUBLIC) >= 0))
                broken(v, LEAKED, token, "reply %s (%s) is for the customer alone, and is not", s->id, token);
        shown = branch_of(s->parent);
        if (shown < 0 || desk_follow(desks.articles[shown].ticket) != desk_follow(a->ticket))
                shown = article_of(s->parent, NULL, NULL);
        if (!parent->names_brand || parent->account == BRAND)
                broken(v, WRONG, token, "reply %s (%s) answers %s, which is no mention", s->id, token, parent->id);
        else if (shown >= 0 && desk_follow(desks.articles[shown].ticket) != desk_follow(a->ticket) &&
                 !desks.tickets[desk_follow(a->ticket)].deleted &&      /* then its conversation goes on in another */
                 !desks.tickets[desk_follow(a->ticket)].revived &&
                 !(parent->failed_filings && goes_on(a->ticket, desks.articles[shown].ticket)))  /* it was on its way into this one */
                broken(v, WRONG, token, "reply %s (%s) was written in ticket %d and answers a post of ticket %d", s->id, token,
                       a->ticket + 1, desks.articles[shown].ticket + 1);
        /* What came after it is not what it answers, if there was anything before, and the daemon could know that. */
        if (shown > said_by_article(n) && desks.articles[shown].confirmed && desks.articles[shown].confirmed < a->seen_public && !sim.incarnation &&
            was_confirmed(a->ticket, a->created) && !a->moved && !desks.articles[shown].moved && !desks.tickets[a->ticket].in_merge)
                broken(v, WRONG, token, "reply %s (%s) answers %s, which was not there when it was written", s->id, token, parent->id);
        /* Nothing that the agent had before him, and the daemon knew of, is passed over. */
        for (int k = 0; k < desks.n_articles && shown >= 0; k++) {
                const struct article *m = &desks.articles[k];
                int other = m->agent ? -1 : people_mention_in(m->body);

                if (other > s->parent && !is_same_time(other, s->parent) && k > shown && m->ticket == a->ticket && m->confirmed && m->confirmed < a->created && !a->moved &&
                    !m->moved && !was_split_off(other, n) && !desks.tickets[a->ticket].in_merge && social.statuses[other].root == parent->root &&
                    (!is_said_in_public(n) || social.statuses[other].visibility != 'd'))
                        broken(v, WRONG, token, "reply %s (%s) answers %s, but %s was there when it was written", s->id, token,
                               parent->id, social.statuses[other].id);
        }
}

/* A person has said that, and when, it goes. */
static bool is_ordered(int k)
{
        return agent_notes[k].retried || command_after(k, COMMAND_SEND) >= 0 || command_after(k, COMMAND_DM) >= 0 ||
               command_after(k, COMMAND_PUBLIC) >= 0;
}

/* Whether the daemon was right to take it for a reply; what was internal once never is, unless an agent says so. */
static bool may_be_posted(const struct agent_note *n)
{
        const struct article *a = &desks.articles[n->article];
        const struct ticket *born = &desks.tickets[a->born_ticket];

        if (a->elsewhere || (!a->seen_public && !(n->internal && note_is_said(n))))
                return false;
        if (!note_is_said(n) && !is_ordered((int) (n - agent_notes)))
                return false;
        return !born->foreign || (born->first_merge && a->created >= born->first_merge - USEC_PER_SEC) || is_ordered((int) (n - agent_notes));
}

/* Whether a post or a word about it is owed to the agent. */
static bool is_post_owed(const struct agent_note *n)
{
        const struct article *a = &desks.articles[n->article];
        const struct ticket *born = &desks.tickets[a->born_ticket];

        if (!note_is_said(n) || a->elsewhere || a->gone || a->flipped || born->deleted || desks.tickets[desk_follow(a->ticket)].deleted)
                return false;
        return !born->foreign || (born->first_merge && a->created > born->first_merge + 2 * USEC_PER_SEC);
}

/* Whether an agent may have wanted it said, whatever was to be said against it. */
static bool is_approved(int k)
{
        return agent_notes[k].retried || command_after(k, COMMAND_SEND) >= 0;
}

static int64_t told_usec(int k, const char *what)
{
        int i = note_about(agent_notes[k].article, what);

        return i < 0 ? INT64_MAX : desks.articles[i].created;
}

/* Whether other agents had written the same among themselves before, and the daemon could see it. */
static bool is_among_agents(int k)
{
        const struct article *a = &desks.articles[agent_notes[k].article];

        for (int i = 0; i < k; i++) {
                const struct article *b = &desks.articles[agent_notes[i].article];

                if (agent_notes[i].secret && agent_notes[i].internal && b->ticket == a->ticket && !b->moved && !a->moved && !b->flipped && !b->gone &&
                    b->shown_usec <= a->created)
                        return true;
        }
        return false;
}

/* What goes out after its agent had heard that there is nothing to take back. */
static void judge_unstopped(struct verdict *v, int k, const struct status *s)
{
        const struct article *a = &desks.articles[agent_notes[k].article];

        if (agent_notes[k].internal || agent_notes[k].retried || a->moved || sim.plan.disk_usec)
                return;
        for (int stop = command_after(k, COMMAND_STOP); stop >= 0; stop = command_after(stop, COMMAND_STOP)) {
                const struct article *said = &desks.articles[agent_notes[stop].article];
                int answer = note_about(agent_notes[stop].article, "answer");

                if (answer >= 0 && !said->moved && a->seen_public && a->seen_public <= said->seen &&
                    strstr(desks.articles[answer].body, "no reply to take back") && s->sent > desks.articles[answer].created)
                        broken(v, LEAKED, s->id, "reply %s was posted, and its agent had been told that there is none to take back", s->id);
        }
}

/* What must not be seen by all, or not any more. */
static void judge_secret(struct verdict *v, int k, int first)
{
        const struct agent_note *n = &agent_notes[k];
        const struct article *a = &desks.articles[n->article];
        const struct status *s = &social.statuses[first];
        char *token = word_of("r%dq", k);
        int stop = command_after(k, COMMAND_STOP), release;
        const struct article *told = stop < 0 ? NULL : &desks.articles[agent_notes[stop].article];

        if (n->secret && s->visibility != 'd' && !is_approved(k) && (strstr(n->text, CARD_NUMBER) || is_among_agents(k)))
                broken(v, LEAKED, token, "reply %s (%s) tells all what must not be told", s->id, token);
        if (*n->text == '!' && !is_approved(k) && command_after(k, COMMAND_DM) < 0)
                broken(v, LEAKED, token, "reply %s (%s) looks like a command, and was posted", s->id, token);
        if (a->hidden_usec && !a->visible && !n->internal && s->sent > a->hidden_usec + 4 * sim.plan.timeout_usec)
                broken(v, LEAKED, token, "reply %s (%s) was posted after its note was taken back", s->id, token);
        if (s->sent > told_usec(k, "withdrawn"))
                broken(v, LEAKED, token, "reply %s (%s) was posted after it was withdrawn", s->id, token);
        release = MAX(MAX(command_after(k, COMMAND_SEND), command_after(k, COMMAND_DM)), command_after(k, COMMAND_PUBLIC));
        if (s->sent > told_usec(k, "held") && !n->retried && release < 0)
                broken(v, LEAKED, token, "reply %s (%s) was posted while it was held", s->id, token);
        if (told && told->seen && !told->seen_public && !told->moved && !a->moved && !sim.plan.disk_usec &&
            s->sent > told->seen + 30 * USEC_PER_MINUTE)
                broken(v, LEAKED, token, "reply %s (%s) was posted long after an agent said !stop", s->id, token);
        judge_unstopped(v, k, s);
}

/* By the agent, in one way or another, or by the operator. */
static void judge_withdrawn(struct verdict *v, int k)
{
        const struct article *a = &desks.articles[agent_notes[k].article];
        int told = note_about(agent_notes[k].article, "withdrawn");
        bool watched = social.networks[0].kind->is_watched && (told < 0 || strstr(desks.articles[told].body, "nothing can be posted there"));

        if (a->hidden_usec)
                happened(WITHDRAWN_HIDDEN);
        if (command_after(k, COMMAND_STOP) >= 0)
                happened(WITHDRAWN_STOPPED);
        if (!a->flipped && !a->gone && !agent_notes[k].dropped && !watched && command_after(k, COMMAND_STOP) < 0 &&
            !desks.tickets[a->born_ticket].deleted && !desks.tickets[desk_follow(a->ticket)].deleted)
                broken(v, WRONG, word_of("r%dq", k), "reply r%dq was withdrawn without a cause", k);
}

/* The agent was told that it is held and may be there, and had it sent once more. */
bool is_sent_again(int k)
{
        static const enum command_name releases[] = { COMMAND_SEND, COMMAND_DM, COMMAND_PUBLIC };
        _cleanup_free_ char *key = xasprintf("note:%d:held", agent_notes[k].article + 1);
        int64_t held = INT64_MAX;

        for (int i = desks.n_articles - 1; i >= 0; i--)          /* the first time; of one that was sent before the key goes on */
                if (startswith(desks.articles[i].key, key) && strchr(":", desks.articles[i].key[strlen(key)]))
                        held = desks.articles[i].created;
        for (int i = 0; i < social.n_statuses; i++)
                if (people_note_in(social_first_text(i)) == agent_notes[k].group && social.statuses[i].sent < held)
                        for (size_t n = 0; n < ELEMENTSOF(releases); n++)
                                for (int by = command_after(k, releases[n]); by >= 0; by = command_after(by, releases[n]))
                                        if (desks.articles[agent_notes[by].article].created > held)
                                                return true;
        return false;
}

static void judge_note(struct verdict *v, int k)
{
        const struct agent_note *n = &agent_notes[k];
        const struct article *a = &desks.articles[n->article];
        const struct ticket *t = &desks.tickets[desk_follow(a->ticket)];
        _cleanup_free_ char *id = xasprintf("%d", n->article + 1);
        const struct row *r = row_of("reply", desks.all[t->desk].name, id);
        bool (*is_answered)(int ticket) = desks.all[t->desk].kind->is_answered;
        char *token = word_of("r%dq", n->group);
        bool single = n->group == k;
        int last = -1, posts = posts_of(n->group, &last), notes = 0, again = 0, aside = 0, all_owed = 0;

        for (int i = 0; i < n_agent_notes; i++)
                if (agent_notes[i].group == n->group) {
                        _cleanup_free_ char *other = xasprintf("%d", agent_notes[i].article + 1);

                        notes++;
                        again += n->group == k && is_sent_again(i);
                        all_owed += is_post_owed(&agent_notes[i]);
                        aside += is_aside(row_of("reply", desks.all[t->desk].name, other)) || agent_notes[i].dropped ||
                                 has_note(agent_notes[i].article, "withdrawn");
                }
        single = single && notes == 1;
        if (r && !is_aside(r))
                broken(v, STUCK, token, "reply %s is still %s: %s", token, r->state, r->reason);
        if (is_aside(r)) {
                v->held += streq(r->state, "held");
                if (strstr(r->reason, "would be seen by all"))
                        happened(GUARDED);
                v->dead += streq(r->state, "dead");
                if (!is_justified(n, r->reason))
                        broken(v, WRONG, token, "reply %s is %s without a cause: %s", token, r->state, r->reason);
                if (!t->deleted && !has_note(n->article, streq(r->state, "held") ? "held" : "refused"))
                        broken(v, LOST, token, "reply %s is %s, and nobody told the agent", token, r->state);
        }
        if (single && posts > 0 && is_aside(r) && strstr(r->reason, "is still not there") && !strstr(r->reason, "of its") && social.networks[social.statuses[last].network].kind->finds_all &&
            social.statuses[last].created - UTC_START < told_usec(k, "held") - 10 * USEC_PER_MINUTE)
                broken(v, WRONG, token, "reply %s is said not to be there, and is: %s", token, social.statuses[last].id);
        if (single && posts > 0 && n->withdrawn)
                broken(v, LEAKED, token, "reply %s was withdrawn before any attempt, and was posted", token);
        if (single && posts > 0 && !may_be_posted(n))
                broken(v, LEAKED, token, "%s was not meant for the public, and was posted", token);
        if (posts > notes + again && n->group == k)
                broken(v, DOUBLED, token, "reply %s was posted %d times", token, posts);
        if (single && last >= 0) {
                judge_post(v, n, last);
                judge_secret(v, k, last);
                judge_parts(v, k, last);
        }
        if (has_note(n->article, "withdrawn"))
                judge_withdrawn(v, k);
        if (!is_post_owed(n))
                return;
        v->replies++;
        if (posts + aside < all_owed && n->group == k)
                broken(v, LOST, token, "reply %s (article %s) was neither posted nor held", token, id);
        if (single && posts == 1 && !r && !n->dropped && !is_half_removed(k) && !has_note(n->article, "posted") && !has_note(n->article, "withdrawn") && !t->in_merge)
                broken(v, LOST, token, "reply %s was posted, and nobody told the agent", token);
        if (single && posts == 1 && has_note(n->article, "posted") && !t->in_merge && !t->deleted && is_answered && !is_answered(a->ticket))
                broken(v, WRONG, token, "reply %s was posted, and the helpdesk counts no answer", token);
}

static void judge_reply_order(struct verdict *v, int a, int b)
{
        const struct article *x = &desks.articles[agent_notes[a].article], *y = &desks.articles[agent_notes[b].article];
        _cleanup_free_ char *id = xasprintf("%d", agent_notes[a].article + 1);
        int first = -1, second = -1;

        if (is_aside(row_of("reply", desks.all[desks.tickets[x->ticket].desk].name, id)))
                return;                  /* given up, and then the network did it after all */
        if (has_note(agent_notes[a].article, "withdrawn"))
                return;                  /* so, too */
        for (int i = 0; i < n_agent_notes; i++)
                if (i != a && i != b && (agent_notes[i].group == a || agent_notes[i].group == b))
                        return;          /* two that say the same */
        if (x->ticket != y->ticket || x->moved || y->moved || desks.tickets[x->ticket].in_merge || agent_notes[a].group != a ||
            agent_notes[b].group != b || is_ordered(a) || is_ordered(b) || x->seen_public > y->seen_public)
                return;
        if (posts_of(a, &first) != 1 || posts_of(b, &second) != 1 || first < second)
                return;
        broken(v, WRONG, word_of("r%dq", a), "reply r%dq was posted after r%dq, which is younger", a, b);
        add_word(v, word_of("r%dq", b));
}

/* What was posted is said again where that counts as an answer. */
static bool is_public_by_right(int article)
{
        const struct desk *d = &desks.all[desks.tickets[desks.articles[article].ticket].desk];
        const char *what = strrchr(desks.articles[article].key, ':');

        return d->kind->notes_in_public && streq(what, ":posted");
}

void judge_replies(struct verdict *v)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (startswith(desks.articles[i].key, "note:") && desks.articles[i].born_visible && !is_public_by_right(i))
                        broken(v, LEAKED, desks.articles[i].key, "%s, which is for agents, was made visible to the customer", desks.articles[i].key);
        for (int k = 0; k < n_agent_notes; k++) {
                judge_note(v, k);
                for (int m = k + 1; m < n_agent_notes; m++)
                        judge_reply_order(v, k, m);
        }
}

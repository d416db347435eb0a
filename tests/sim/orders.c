/* SPDX-License-Identifier: MIT
 *
 * The oracle's part on commands: each is answered, and what it changes on the network somebody has asked for.  That none is
 * answered twice the keys of articles tell.  Owns nothing; called by oracle.c.
 */
#include "oracle.h"

static int ticket_of(int note)
{
        return desk_follow(desks.articles[agent_notes[note].article].ticket);
}

/* Also one that was public until it was read; but nothing that was written elsewhere. */
static bool is_command(const struct agent_note *n, enum command_name name)
{
        const struct article *a = &desks.articles[n->article];

        return (n->command == name && !*n->text) || (name == COMMAND_STOP && *n->text == '!' && a->flipped && !a->elsewhere);
}

int command_after(int note, enum command_name name)
{
        for (int i = note + 1; i < n_agent_notes; i++)
                if (is_command(&agent_notes[i], name) && ticket_of(i) == ticket_of(note))
                        return i;
        return -1;
}

/* How many commands of this kind were written in its ticket. */
static int count(int ticket, enum command_name name)
{
        int n = 0;

        for (int i = 0; i < n_agent_notes; i++)
                n += agent_notes[i].command == name && ticket_of(i) == ticket;
        return n;
}

static bool is_owed(int k)
{
        const struct article *a = &desks.articles[agent_notes[k].article];

        return !a->gone && !a->flipped && !desks.tickets[a->born_ticket].foreign && !desks.tickets[a->born_ticket].deleted &&
               !desks.tickets[ticket_of(k)].deleted;
}

/* What is told of a reply is the answer to who spoke of it.  Of a conversation whose ticket was deleted it may be told in the next. */
static bool is_told(int k, const char *what)
{
        for (int i = 0; i < k; i++) {
                int told = note_about(agent_notes[i].article, what);

                /* It may have been written in a ticket that was deleted, whose conversation goes on in this one. */
                if ((ticket_of(i) == ticket_of(k) && has_note(agent_notes[i].article, what)) ||
                    (told >= 0 && desk_follow(desks.articles[told].ticket) == ticket_of(k)))
                        return true;
        }
        return false;
}

/* Whether a reply read so, by and by. */
static bool was_edited_to(int k)
{
        for (int i = 0; i < social.n_statuses; i++) {
                const struct status *s = &social.statuses[i];

                if (!s->by_api || !s->n_versions)
                        continue;
                for (int n = 1; n < s->n_versions; n++)
                        if (people_note_in(s->versions[n]) == k)
                                return true;
                if (people_note_in(s->text) == k)
                        return true;
        }
        return false;
}

static bool is_told_as(int k, const char *what)
{
        int answer = note_about(agent_notes[k].article, "answer");

        return answer >= 0 && strstr(desks.articles[answer].body, what);
}

/* What the agent was told to go out in private goes out so, until he wants it otherwise. */
static void judge_aside(struct verdict *v, int k)
{
        int answer = note_about(agent_notes[k].article, "answer"), note = answer < 0 ? -1 : people_note_in(desks.articles[answer].body);

        if (note < 0 || !strstr(desks.articles[answer].body, "goes out now, in private") || command_after(k, COMMAND_PUBLIC) >= 0 ||
            notes_like(&agent_notes[note]) > 1)
                return;
        for (int i = 0; i < social.n_statuses; i++) {
                const struct status *s = &social.statuses[i];

                if (s->by_api && s->visibility != 'd' && s->sent > desks.articles[answer].created && people_note_in(social_first_text(i)) == note)
                        broken(v, LEAKED, s->id, "reply %s went out in public, and its agent was told that it goes out in private", s->id);
        }
}

static void judge_command(struct verdict *v, int k)
{
        const struct agent_note *n = &agent_notes[k];
        const char *what = n->command == COMMAND_STOP ? "withdrawn" : n->command == COMMAND_HOLD ? "held" : NULL;
        char *token = word_of("article %d", n->article + 1);

        if (is_owed(k) && !has_note(n->article, "answer") && !(what && is_told(k, what)))
                broken(v, LOST, token, "the command of article %d, !%s, was not answered", n->article + 1, command_word(n->command));
        if (n->command == COMMAND_EDIT && is_told_as(k, "Your reply now reads") && !was_edited_to(k))
                broken(v, LOST, token, "the agent of article %d was told that his reply reads otherwise, and it does not", n->article + 1);
        if (n->command == COMMAND_DM)
                judge_aside(v, k);
        if (n->command == COMMAND_CLOSE && has_note(n->article, "answer"))
                happened(CLOSED_BY_COMMAND);
}

static void judge_own(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i];
        int note = people_note_in(social_first_text(i)), by = people_note_in(s->text);

        if (note < 0)
                return;
        if (s->n_versions) {
                const char *handle = s->parent >= 0 ? handle_of(s->parent) : "";
                _cleanup_free_ char *expected = by >= 0 && s->parent >= 0 ? xasprintf("%s%s%s", handle, *handle ? " " : "", agent_notes[by].text) : NULL;

                happened(EDITED_OWN);
                if (by < 0 || agent_notes[by].command != COMMAND_EDIT ||
                    (ticket_of(by) != ticket_of(note) && !desks.tickets[ticket_of(note)].deleted))
                        broken(v, LEAKED, s->id, "reply %s was edited, and nobody asked for that", s->id);
                for (int n = 1; n < s->n_versions; n++)
                        if (people_note_in(s->versions[n]) > by)
                                broken(v, WRONG, s->id, "reply %s was edited, and then as an agent had wanted it before", s->id);
                if (by >= 0 && !streq(s->text, strempty(expected)))
                        broken(v, WRONG, s->id, "reply %s was edited to say \"%s\", and not \"%s\"", s->id, s->text, strempty(expected));
        }
}

/* As many replies are removed as an agent wanted, and as he was told. */
static void judge_removed(struct verdict *v, int ticket)
{
        int removed = 0, elsewhere = 0, told = 0;

        for (int k = 0; k < n_agent_notes; k++) {
                int gone = 0;

                for (int i = 0; i < social.n_statuses; i++)
                        gone += social.statuses[i].by_api && social.statuses[i].deleted && people_note_in(social_first_text(i)) == k;
                if (notes_like(&agent_notes[k]) == 1)
                        gone = gone > 0;         /* however many parts it had */
                removed += ticket_of(k) == ticket ? gone : 0;
                elsewhere += desks.tickets[ticket_of(k)].deleted ? gone : 0;
                told += agent_notes[k].command == COMMAND_DELETE && ticket_of(k) == ticket && is_told_as(k, "is removed from the network.");
        }
        if (removed)
                happened(REMOVED_OWN);
        /* Of a conversation whose ticket was deleted the command is in the next. */
        if (removed > count(ticket, COMMAND_DELETE) && !desks.tickets[ticket].deleted)
                broken(v, WRONG, word_of("ticket %d", ticket + 1), "%d replies of ticket %d were removed, and that was wanted of %d", removed, ticket + 1,
                       count(ticket, COMMAND_DELETE));
        if (told > removed + elsewhere)
                broken(v, LOST, word_of("ticket %d", ticket + 1), "%d replies of ticket %d are said to be removed, and %d are", told, ticket + 1, removed);
}

static void judge_liked(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i];
        int article = article_of(i, NULL, NULL), ticket = article < 0 ? -1 : desk_follow(desks.articles[article].ticket);
        int branch = branch_of(i), other = branch < 0 ? ticket : desk_follow(desks.articles[branch].ticket);

        if (!s->liked && !s->boosted)
                return;
        happened(LIKED);
        if (ticket >= 0 && ((s->liked && !count(ticket, COMMAND_LIKE) && !count(other, COMMAND_LIKE)) ||
                            (s->boosted && !count(ticket, COMMAND_REPOST) && !count(other, COMMAND_REPOST))))
                broken(v, WRONG, s->id, "%s was liked or reposted, and nobody asked for that", s->id);
}

/* As many posts have a ticket of their own as agents were told, and no more than they wanted; and it is their own. */
static void judge_split(struct verdict *v, int ticket)
{
        int branches = 0, told = 0, later = 0, unclear = 0;

        for (int i = 0; i < desks.n_articles; i++) {
                int article = desks.articles[i].branch ? article_of(people_mention_in(desks.articles[i].body), NULL, NULL) : -1;

                branches += article >= 0 && desk_follow(desks.articles[article].ticket) == ticket;
        }
        for (int k = 0; k < n_agent_notes; k++) {
                bool splits = agent_notes[k].command == COMMAND_SPLIT && ticket_of(k) == ticket;
                int answer = splits ? note_about(agent_notes[k].article, "answer") : -1;

                /* What the helpdesk did not finish is there, and does not say whose it is. */
                unclear += answer < 0 && splits && has_note(agent_notes[k].article, "answer");
                told += answer >= 0 && strstr(desks.articles[answer].body, "has a ticket of its own");
                later += answer >= 0 && strstr(desks.articles[answer].body, "not be made") != NULL;
        }
        if (branches > count(ticket, COMMAND_SPLIT) && !desks.tickets[ticket].deleted)
                broken(v, WRONG, word_of("ticket %d", ticket + 1), "%d posts of ticket %d got tickets of their own, and that was wanted of %d", branches,
                       ticket + 1, count(ticket, COMMAND_SPLIT));
        if (branches > told + unclear + later && !desks.tickets[ticket].in_merge && !desks.tickets[ticket].deleted)
                broken(v, LOST, word_of("ticket %d", ticket + 1), "%d posts of ticket %d got tickets of their own, and of %d the agent was told", branches,
                       ticket + 1, told);
        if (told > branches && !desks.tickets[ticket].in_merge && !desks.tickets[ticket].deleted)
                broken(v, LOST, word_of("ticket %d", ticket + 1), "%d posts of ticket %d are said to have tickets of their own, and %d have", told,
                       ticket + 1, branches);
}

static void judge_branch(struct verdict *v, int s)
{
        int branch = branch_of(s), all;

        if (branch < 0)
                return;
        happened(SPLIT_OFF);
        (void) article_of(s, NULL, &all);
        if (all == 0)
                broken(v, LOST, social.statuses[s].id, "mention %s is in the ticket of its branch alone", social.statuses[s].id);
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                int other = a->agent || a->create_by != DAEMON ? -1 : people_mention_in(a->body);

                if (i != branch && other == s && a->branch)
                        broken(v, DOUBLED, social.statuses[s].id, "mention %s was split off twice", social.statuses[s].id);
                if (i < branch && other >= 0 && a->born_ticket == desks.articles[branch].born_ticket)
                        broken(v, WRONG, social.statuses[s].id, "mention %s was split off into ticket %d, which was there", social.statuses[s].id,
                               a->born_ticket + 1);
        }
}

void judge_commands(struct verdict *v)
{
        for (int k = 0; k < n_agent_notes; k++)
                if (agent_notes[k].command && !note_is_said(&agent_notes[k]))
                        judge_command(v, k);
        for (int i = 0; i < social.n_statuses; i++) {
                judge_branch(v, i);
                judge_liked(v, i);
                if (social.statuses[i].by_api && !social.statuses[i].spam)
                        judge_own(v, i);
        }
        for (int t = 0; t < desks.n_tickets; t++)
                if (desks.tickets[t].merged_into < 0) {
                        judge_removed(v, t);
                        judge_split(v, t);
                }
}

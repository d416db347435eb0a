/* SPDX-License-Identifier: MIT
 *
 * The oracle's part on reasons: each for which a reply is held or refused must have a cause in the servers' records.  Owns nothing;
 * called by replies.c.
 */
#include "oracle.h"

/* Whether a mention of this ticket was confirmed to the daemon by then. */
bool was_confirmed(int ticket, int64_t when)
{
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];

                if (desk_follow(a->ticket) == desk_follow(ticket) && !a->agent && a->confirmed && a->confirmed < when)
                        return true;
        }
        return false;
}

/* Whether it was held after a younger mention of its ticket was filed: what it answers may be forgotten. */
static bool is_overtaken(const struct agent_note *n)
{
        const struct article *a = &desks.articles[n->article];
        _cleanup_free_ char *key = xasprintf("note:%d:held", n->article + 1);
        bool overtaken = false, forgets = sim.plan.forget_usec || sim.plan.far_jumps;

        for (int i = n->article + 1; i < desks.n_articles && forgets; i++) {
                if (streq(desks.articles[i].key, key))
                        return overtaken;
                overtaken |= desk_follow(desks.articles[i].ticket) == desk_follow(a->ticket) && !desks.articles[i].agent;
        }
        return overtaken;
}

bool is_tree_broken(int ticket)
{
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                int s = a->agent ? -1 : people_mention_in(a->body);

                if (s >= 0 && desk_follow(a->ticket) == desk_follow(ticket) && social.statuses[s].chain_broken)
                        return true;
        }
        return false;
}

/* Whether of what is in it something cannot be answered for its author alone, or was already.  By its id: old posts have no token. */
static bool is_answered_aside(int ticket)
{
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];

                for (int k = 0; k < social.n_networks && !a->agent && desk_follow(a->ticket) == desk_follow(ticket); k++) {
                        size_t size = strlen(social.networks[k].name);
                        int s = startswith(a->key, social.networks[k].name) && a->key[size] == ':' ? social_find(k, a->key + size + 1) : -1;

                        if (s >= 0 && social.statuses[s].no_aside)
                                return true;
                }
        }
        return false;
}

/* Whether somebody wrote the same among agents, in the same ticket. */
static bool shares_words(const struct agent_note *n)
{
        size_t size = people_words(n->text);

        for (int i = 0; i < n_agent_notes; i++) {
                const struct agent_note *other = &agent_notes[i];
                const struct article *a = &desks.articles[other->article];

                if (other != n && (!a->visible || a->flipped) && desk_follow(a->ticket) == desk_follow(desks.articles[n->article].ticket) &&
                    ((other->is_long && n->is_long) || (people_words(other->text) == size && memcmp(other->text, n->text, size) == 0)))
                        return true;
        }
        return false;
}

static bool has_files_inside(int ticket)
{
        for (int i = 0; i < n_agent_notes; i++) {
                const struct article *a = &desks.articles[agent_notes[i].article];

                if (a->attachments && (!a->visible || a->flipped) && desk_follow(a->ticket) == desk_follow(ticket))
                        return true;
        }
        return false;
}

/* Whether all mentions that its ticket had by then, and that were not split off, are for those alone whom they name. */
static bool is_all_aside(int ticket, int before)
{
        for (int i = 0; i < before; i++) {
                const struct article *a = &desks.articles[i];
                int s = a->agent ? -1 : people_mention_in(a->body), branch = s < 0 ? -1 : branch_of(s);

                if (s >= 0 && desk_follow(a->ticket) == desk_follow(ticket) && social.statuses[s].visibility != 'd' &&
                    (branch < 0 || desk_follow(desks.articles[branch].ticket) == desk_follow(ticket)))
                        return false;
        }
        return true;
}

/* The post that an article of the ticket shows, or -1.  Old ones, too, whose texts have no token. */
static int post_in(int ticket, int article)
{
        const struct article *a = &desks.articles[article];
        int s = a->agent || desk_follow(a->ticket) != desk_follow(ticket) ? -1 : people_mention_in(a->body);

        if (s >= 0)
                return s;
        for (int k = 0; !a->agent && desk_follow(a->ticket) == desk_follow(ticket) && k < social.n_networks; k++) {
                const char *name = social.networks[k].name;

                if (startswith(a->key, name) && a->key[strlen(name)] == ':')
                        return social_find(k, a->key + strlen(name) + 1);
        }
        return -1;
}

/* Whether it shows such a post, or one that is too old for us to know it; tickets that were merged into it, too. */
static bool shows(int ticket, bool (*is_such)(const struct status *s))
{
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                int s = post_in(ticket, i);

                if (s >= 0 && is_such(&social.statuses[s]))
                        return true;
                for (int k = 0; s < 0 && !a->agent && desk_follow(a->ticket) == desk_follow(ticket) && k < social.n_networks; k++)
                        if (social.networks[k].desk == desks.tickets[a->ticket].desk && is_such(&(struct status) { .network = k, .visibility = 'u' }))
                                return true;
        }
        return false;
}

static const struct network_kind *kind_of(const struct status *s)
{
        return social.networks[s->network].kind;
}

static bool is_blind(const struct status *s)
{
        return kind_of(s)->is_blind;
}

static bool has_no_aside(const struct status *s)
{
        return kind_of(s)->no_aside;
}

static bool is_all_public(const struct status *s)
{
        return kind_of(s)->all_public;
}

static bool is_refused_twice(const struct status *s)
{
        return kind_of(s)->refuses_twice;
}

/* Or nobody knows for whom it is. */
static bool is_for_fewer(const struct status *s)
{
        return s->visibility != 'u' || s->faceless;
}

static bool is_for_others_too(const struct status *s)
{
        return s->visibility != 'd';
}

static bool is_uncalled(const struct status *s)
{
        return s->uncalled;
}

int notes_like(const struct agent_note *n)
{
        int like = 0;

        for (int i = 0; i < n_agent_notes; i++)
                like += agent_notes[i].group == n->group;
        return like;
}

/* Each reason to hold a reply, and what must have happened for it. */
bool is_justified(const struct agent_note *n, const char *reason)
{
        const struct article *a = &desks.articles[n->article];
        bool merged = a->moved || desks.tickets[desk_follow(a->ticket)].in_merge || desks.tickets[a->born_ticket].in_merge;
        bool unsure = agent_notes[n->group].lost_sends || sim.incarnation || sim.plan.operator_usec;

        if (is_barred(a->ticket, reason))
                return true;
        if (strstr(reason, "not public from its beginning"))
                return a->flipped || merged;
        if (strstr(reason, "the note is old"))
                return a->flipped || merged || !was_confirmed(a->ticket, a->created) || is_overtaken(n);
        if (strstr(reason, "more than one conversation"))
                return merged;
        if (strstr(reason, "before the newest post got a ticket of its own"))
                return command_after((int) (n - agent_notes), COMMAND_SPLIT) >= 0;
        if (strstr(reason, "no filed post that it could answer"))
                return !was_confirmed(a->ticket, a->created + 10 * USEC_PER_MINUTE) || merged || sim.plan.deletes || is_overtaken(n) ||
                       ((n->command || command_after((int) (n - agent_notes), COMMAND_PUBLIC) >= 0) &&
                        (sim.plan.forget_usec || is_all_aside(a->ticket, n->article)));
        if (strstr(reason, "attachment"))
                return a->attachments > 0;
        if (strstr(reason, "it has to be split, and"))
                return strlen(n->text) > 400;
        if (strstr(reason, "parts, and"))
                return n->is_long;
        if (strstr(reason, "words of an internal note"))
                return shares_words(n);
        if (strstr(reason, "a file of an internal note"))
                return a->attachments && has_files_inside(a->ticket);
        if (strstr(reason, "the number of a card"))
                return strstr(n->text, CARD_NUMBER);
        if (strstr(reason, "you said !hold"))
                return command_after((int) (n - agent_notes), COMMAND_HOLD) >= 0;
        if (strstr(reason, "as a command does"))
                return *n->text == '!';
        if (strstr(reason, "took the post of another"))
                return unsure && notes_like(n) > 1;      /* and was found first: which of them it was nobody knows */
        if (strstr(reason, "may be it"))
                return unsure || sim.plan.jump_usec;     /* by our clock it was there before we tried, maybe */
        if (strstr(reason, "this network cannot be asked"))
                return unsure && shows(a->ticket, is_blind);
        if (strstr(reason, "nothing can be said in private here"))
                return shows(a->ticket, has_no_aside) && shows(a->ticket, is_for_others_too) &&
                       (n->command == COMMAND_DM || command_after((int) (n - agent_notes), COMMAND_DM) >= 0);
        if (strstr(reason, "sent several times"))
                return agent_notes[n->group].spam > 0 || unsure || (notes_like(n) > 1 && shows(a->ticket, is_refused_twice));
        if (strstr(reason, "could not be asked for it"))
                return unsure;
        if (strstr(reason, "what it answers was for fewer"))
                return shows(a->ticket, is_all_public) && shows(a->ticket, is_for_fewer);
        if (strstr(reason, "whose author names or quotes the account") || strstr(reason, "has not called the account"))
                return shows(a->ticket, is_uncalled);
        if (strstr(reason, "does not take the same text twice"))
                return notes_like(n) > 1 && shows(a->ticket, is_refused_twice);
        if (strstr(reason, "Invalid 'start_time'"))      /* it was tried at a time that is still to come */
                return sim.plan.jump_usec && unsure;
        if (strstr(reason, "X does not show the post"))
                return is_tree_broken(a->ticket);
        if (strstr(reason, "may be dropped as spam") || !*reason)
                return agent_notes[n->group].spam > 0;
        if (strstr(reason, "answered 404") || strstr(reason, "that it answers is gone") || strstr(reason, "what it answers is gone") ||
            strstr(reason, "it is gone, or the Page may not see it"))
                return is_tree_broken(a->ticket);
        if (strstr(reason, "lets it not be answered in private"))
                return is_answered_aside(a->ticket);
        if (strstr(reason, "lets the Page answer is over"))
                return agent_notes[n->group].rejected > 0;
        return false;
}

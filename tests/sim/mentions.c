/* SPDX-License-Identifier: MIT
 *
 * The oracle's part on the way in: each mention one article with its text, in order, one ticket for one thread.  Owns
 * nothing; called by oracle.c.
 */
#include "oracle.h"

#include "base/text.h"

#define LATE_USEC (8 * USEC_PER_HOUR)

int branch_of(int status)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].branch && people_mention_in(desks.articles[i].body) == status)
                        return i;
        return -1;
}

int article_of(int status, int *ret_live, int *ret_all)
{
        int found = -1, live = 0, all = 0;

        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];

                if (a->agent || a->create_by != DAEMON || a->branch || people_mention_in(a->body) != status)
                        continue;
                all++;
                /* In a ticket that was merged away nobody sees it, unless the article has opened that again. */
                if ((desks.tickets[a->ticket].merged_into >= 0 && streq(desks.tickets[a->ticket].state, "merged")) || desks.tickets[desk_follow(a->ticket)].deleted)
                        continue;
                live++;
                found = i;
        }
        if (ret_live)
                *ret_live = live;
        if (ret_all)
                *ret_all = all;
        return found;
}

static bool is_owed(int i)
{
        const struct status *s = &social.statuses[i];
        const struct notification *n;
        int newer = 0, window = social.networks[s->network].kind->window;

        if (s->notification < 0 || !social.networks[s->network].baseline)
                return false;
        n = &social.notifications[s->notification];
        if (n->optional || n->visible > sim.now)
                return false;
        if (n->taken)
                return true;
        for (int k = s->notification + 1; window && k < social.n_notifications; k++)
                newer += social.notifications[k].network == s->network && !social.notifications[k].gone && social.notifications[k].visible <= sim.now;
        return !n->gone && !n->dropped_out && (!window || newer < window);
}

static bool is_text_of(const struct status *s, const char *body)
{
        if (strstr(body, s->text))
                return true;
        for (int i = 0; i < s->n_versions; i++)
                if (strstr(body, s->versions[i]))
                        return true;
        return false;
}

static bool is_file(const struct file *attached, int file)
{
        _cleanup_free_ char *plain = media_content(file), *content = base64(plain);

        return streq(attached->content, content);
}

static bool has_file(const struct article *a, int file)
{
        for (int i = 0; i < a->n_files; i++)
                if (is_file(&a->files[i], file))
                        return true;
        return false;
}

/* The files of one post have 40 seconds together: one that fails may take them from those after it. */
static bool may_fail(const struct status *s, int file)
{
        for (int k = s->media; k <= file; k++)
                if (media_failures(k))
                        return true;
        return !media_is_good(file);
}

/* Each file is attached; or its address is in the text, and there is a cause.  Of what its author hid before it was looked at none is
 * known. */
static void judge_files(struct verdict *v, const struct status *s, const struct article *a, bool hidden)
{
        for (int i = 0; i < a->n_files; i++) {
                bool known = false;

                for (int k = 0; k < s->n_media; k++)
                        known |= is_file(&a->files[i], s->media + k);
                if (!known)
                        broken(v, WRONG, s->id, "the article of mention %s has a file that it had not", s->id);
        }
        for (int k = 0; k < s->n_media; k++) {
                int file = s->media + k;
                _cleanup_free_ char *url = media_url(file), *content = media_content(file), *told = NULL;

                if (has_file(a, file))
                        continue;
                happened(MEDIA_MISSING);
                if (hidden && strstr(a->body, "has no address of its own"))
                        continue;
                told = xasprintf("Not attached: %s", url);
                if (!strstr(a->body, told))
                        broken(v, LOST, s->id, "the article of mention %s has no %s and does not say so", s->id, url);
                else if (!may_fail(s, file) && *content)
                        broken(v, WRONG, s->id, "%s of mention %s is not attached without a cause", url, s->id);
        }
}

/* What its author dates back by less than a day is seen within an hour, though the whole list is read once a day only; but a server
 * may have asked for hours of silence. */
static bool is_late(int status, int article)
{
        const struct status *s = &social.statuses[status];
        int64_t (*claimed)(int status) = social.networks[s->network].kind->claimed;

        return claimed && s->notification >= 0 && claimed(status) > s->created - 22 * USEC_PER_HOUR &&
               desks.articles[article].created > MAX(sim.calm, social.notifications[s->notification].visible) + LATE_USEC;
}

static void judge_mention(struct verdict *v, int i)
{
        const struct status *s = &social.statuses[i];
        const struct network_kind *kind = social.networks[s->network].kind;
        const struct row *r = row_of("mention", social.networks[s->network].name, s->id);
        int live, all, article = article_of(i, &live, &all);

        if (article >= 0 && desks.tickets[desks.articles[article].ticket].desk != social.networks[s->network].desk)
                broken(v, LEAKED, s->id, "mention %s went to another helpdesk", s->id);
        if (live > 1)
                broken(v, DOUBLED, s->id, "mention %s has %d articles", s->id, live);
        if (article >= 0 && !is_text_of(s, desks.articles[article].body))
                broken(v, WRONG, s->id, "the article of mention %s does not hold its text", s->id);
        if (article >= 0)
                judge_files(v, s, &desks.articles[article], kind->may_hide && kind->may_hide(i));
        if (article >= 0 && sim.calm && is_late(i, article))
                broken(v, WRONG, s->id, "mention %s was filed hours after it could be seen", s->id);
        if (s->account == BRAND && all)
                broken(v, WRONG, s->id, "the brand's own post %s was filed", s->id);
        if (r && !is_aside(r))
                broken(v, STUCK, s->id, "mention %s is still %s: %s", s->id, r->state, r->reason);
        if (all && !s->names_brand && !social.networks[s->network].kind->hears_all)
                broken(v, LEAKED, s->id, "%s was filed, which is not for the brand", s->id);
        if (is_aside(r)) {
                v->held++;
                if (!(strstr(r->reason, "sent several times") && s->failed_filings >= 10) &&
                    !(sim.plan.merges && strstr(r->reason, "was merged into one")))
                        broken(v, WRONG, s->id, "mention %s is %s without a cause: %s", s->id, r->state, r->reason);
        }
        if (!is_owed(i))
                return;
        v->mentions++;
        if (all == 0 && !r)
                broken(v, LOST, s->id, "mention %s has no article", s->id);
        else if (live == 0 && !r && !sim.plan.deletes)
                broken(v, LOST, s->id, "mention %s went into a ticket that was merged away", s->id);
}

/* Whether the journal alone tells its thread: what it answers was known by then, and of that the same is true.  What claims to be
 * younger than its answers comes after them. */
static bool is_easily_placed(int i)
{
        int64_t shown = social.notifications[social.statuses[i].notification].first_shown;

        for (; i >= 0; i = social.statuses[i].parent) {
                const struct status *s = &social.statuses[i];
                const struct notification *n = s->notification < 0 ? NULL : &social.notifications[s->notification];
                const struct network_kind *kind = social.networks[s->network].kind;

                if (!n || n->optional || s->deleted || !n->first_shown || n->first_shown > shown)
                        return false;
                if (s->parent >= 0 && kind->renumbers && social.statuses[s->parent].n_versions)
                        return false;
                if (s->parent >= 0 && kind->claimed && kind->claimed(s->parent) > kind->claimed(i))
                        return false;
                shown = n->first_shown;
        }
        return true;
}

/* Whether b may be filed before a, which is older: it was there when a was not, or polls went on failing in between. */
static bool may_overtake(const struct notification *b, const struct notification *a)
{
        if (a->sure_poll <= b->first_poll)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(sim.released_usec); i++)
                if (sim.released_usec[i] >= b->first_shown && sim.released_usec[i] < a->sure_shown)
                        return true;
        return a->visible >= b->first_began;
}

static void judge_order(struct verdict *v, int a, int b)
{
        const struct status *x = &social.statuses[a], *y = &social.statuses[b];
        const struct network_kind *kind = social.networks[x->network].kind;
        int first = article_of(a, NULL, NULL), second = article_of(b, NULL, NULL);
        const struct notification *n, *m;

        if (first < 0 || second < 0 || first < second || x->notification < 0 || y->notification < 0)
                return;
        /* Whose thread could not be read for long has got a ticket of its own. */
        if (desks.articles[first].ticket != desks.articles[second].ticket)
                return;
        /* A branch and what it was split from came together again: two conversations, each in its order. */
        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].branch && (desks.articles[i].moved || desks.tickets[desk_follow(desks.articles[i].ticket)].in_merge) &&
                    desk_follow(desks.articles[i].ticket) == desk_follow(desks.articles[first].ticket))
                        return;
        /* Of two of the same second, when polls went on failing, nobody knows which is the younger. */
        if (kind->in_seconds && sim.n_released && x->created / USEC_PER_SEC == y->created / USEC_PER_SEC)
                return;
        if (kind->may_hide && (kind->may_hide(a) || kind->may_hide(b)))
                return;
        /* By their authors' words.  What is dated back by much a poll finds that reads so far down. */
        if (kind->claimed && (kind->claimed(a) >= kind->claimed(b) || kind->claimed(a) < x->created - 50 * USEC_PER_MINUTE))
                return;
        n = &social.notifications[x->notification];
        m = &social.notifications[y->notification];
        if (n->optional || m->optional || !n->first_shown || may_overtake(m, n) || n->first_incarnation != m->first_incarnation || sim.plan.disk_usec || row_of("mention", social.networks[x->network].name, x->id) ||
            !is_easily_placed(a) || desks.articles[second].moved || desks.articles[first].moved || x->chain_broken)
                return;
        broken(v, WRONG, x->id, "mention %s was filed after %s, which is younger", x->id, y->id);
        add_word(v, y->id);
}

bool goes_on(int first, int second)
{
        for (int i = 0; second > first && desks.tickets[first].over && i < desks.n_articles; i++)
                if (desks.articles[i].born_ticket == second && desks.articles[i].create_by == DAEMON)
                        return !desks.articles[i].agent && strstr(desks.articles[i].body, GOES_ON);
        return false;
}

/* Whether the ticket was made for what that post begins, as its field says: also for the second such ticket, once the first is deleted. */
static bool is_made_for(int ticket, int status)
{
        _cleanup_free_ char *id = text_percent_encode(social.statuses[status].id);
        const char *plus = strrchr(desks.tickets[ticket].thread, '+');

        return plus && streq(plus + 1, id);
}

/* Whether the daemon may know nothing of that post: gone, hidden by its author, dropped before it was asked for, or written by the
 * brand itself. */
static bool may_be_unknown(int status)
{
        const struct status *s = &social.statuses[status];
        const struct network_kind *kind = social.networks[s->network].kind;

        if (s->deleted || (kind->may_hide && kind->may_hide(status)) || (s->account == BRAND && !s->by_api))
                return true;
        return s->notification >= 0 && social.notifications[s->notification].dropped_out;
}

/* With what begins its half of the conversation: the root, or a post that was split off, itself or above it; of what it answers the
 * nearest that was filed tells it.  What came while that was done may be in either half; so may what answers a post that may be
 * unknown. */
static int half_of(int article, int status, const int *ticket_of, const int *halves)
{
        const struct status *s = &social.statuses[status];
        int64_t shown = s->notification < 0 ? 0 : social.notifications[s->notification].first_shown;
        int ticket = desk_follow(desks.articles[article].ticket);
        bool sure = true;

        /* Where the ticket that it was split from is deleted meanwhile it cannot say which that was. */
        if (desks.articles[article].branch || is_made_for(desks.articles[article].born_ticket, status))
                return status;
        for (int at = s->parent; at >= 0 && social.statuses[at].root == s->root; at = social.statuses[at].parent)
                if (branch_of(at) >= 0 && (ticket_of[at] == ticket + 1 || (ticket_of[at] && goes_on(ticket_of[at] - 1, ticket)) ||
                                           is_made_for(desks.articles[article].born_ticket, at))) {
                        happened(SPLIT_GREW);
                        return at;
                }
        for (int at = s->parent; at >= 0 && social.statuses[at].root == s->root; at = social.statuses[at].parent) {
                int branch = branch_of(at);

                sure = sure && !may_be_unknown(at);
                if (sure && branch >= 0 && shown > desks.articles[branch].created)
                        return at;
                if (sure && branch < 0 && halves[at])
                        return halves[at] - 1;
        }
        /* Where nothing stands below anything the first may be split off as any other, and may have come later. */
        for (int at = s->root; at < social.n_statuses; at++)
                if (social.statuses[at].root == s->root && branch_of(at) < 0)
                        return at;
        return status;
}

/* One thread, one ticket, unless that was closed for long, or a branch of it split off; one ticket, one thread. */
static void judge_threads(struct verdict *v)
{
        int *ticket_of = xcalloc((size_t) social.n_statuses + 1, sizeof(int)), *root_of = xcalloc((size_t) desks.n_tickets + 1, sizeof(int));
        int *halves = xcalloc((size_t) social.n_statuses + 1, sizeof(int));
        bool *excused = xcalloc((size_t) social.n_statuses + 1, sizeof(bool));

        for (int i = 0; i < social.n_statuses; i++)
                excused[social.statuses[i].root] |= social.statuses[i].chain_broken || social.statuses[i].failed_fetches >= 5;
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                int s = a->agent || a->create_by != DAEMON ? -1 : people_mention_in(a->body), t = desk_follow(a->ticket), root, half;

                if (s < 0)
                        continue;
                root = social.statuses[s].root;
                if (excused[root])
                        continue;
                half = half_of(i, s, ticket_of, halves);
                halves[s] = half + 1;
                if (desks.tickets[t].deleted)
                        continue;
                if (ticket_of[half] && ticket_of[half] != t + 1 && !goes_on(ticket_of[half] - 1, t) && !desks.tickets[t].in_merge && !desks.tickets[ticket_of[half] - 1].in_merge) {
                        broken(v, DOUBLED, social.statuses[root].id, "thread %s has the tickets %d and %d", social.statuses[half].id, ticket_of[half], t + 1);
                        add_word(v, social.statuses[s].id);
                        add_word(v, word_of("ticket %d", t + 1));
                        excused[root] = true;
                }
                ticket_of[half] = t + 1;
                if (root_of[t] && root_of[t] != root + 1 && !desks.tickets[t].in_merge)
                        broken(v, WRONG, social.statuses[root].id, "ticket %d holds the threads %s and %s", t + 1,
                               social.statuses[root].id, social.statuses[root_of[t] - 1].id);
                root_of[t] = root + 1;
        }
        free(ticket_of);
        free(halves);
        free(root_of);
        free(excused);
}

static void broken_article(struct verdict *v, int i, int k)
{
        broken(v, DOUBLED, desks.articles[i].key, "the articles %d and %d are the same: %s", i + 1, k + 1, desks.articles[i].key);
        add_word(v, word_of("article %d in", i + 1));
        add_word(v, word_of("article %d in", k + 1));
}

/* What comes after an agent closed a ticket opens it again.  He may do so while it is on its way; and where Zammad has a field that
 * must be filled in, a ticket cannot be changed. */
static void judge_closed(struct verdict *v)
{
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                const struct ticket *t = &desks.tickets[a->ticket];

                if (a->agent || a->create_by != DAEMON || t->deleted || !streq(t->state, "closed") || a->created < t->closed + MAX(USEC_PER_MINUTE, sim.plan.settle_usec) ||
                    a->moved || happenings[MANDATORY_FIELD])
                        continue;
                broken(v, WRONG, word_of("article %d in", i + 1), "article %d came into ticket %d, which stays closed", i + 1, a->ticket + 1);
                add_word(v, word_of("ticket %d", a->ticket + 1));
        }
}

static void judge_tickets(struct verdict *v)
{
        for (int t = 0; t < desks.n_tickets; t++) {
                const struct ticket *x = &desks.tickets[t];
                int n = 0, same = 0;

                for (int i = 0; i < desks.n_articles; i++)
                        n += desks.articles[i].ticket == t;
                for (int i = 0; i < desks.n_tickets; i++)
                        same += desks.tickets[i].desk == x->desk && streq(desks.tickets[i].customer, x->customer);
                /* The plugin looks into a customer's newest 500 tickets for one that it can adopt. */
                if (n == 0 && !x->deleted && x->merged_into < 0 && same <= 500)
                        broken(v, WRONG, word_of("ticket %d", t + 1), "ticket %d (%s) is an empty shell", t + 1, x->thread);
        }
        for (int i = 0; i < desks.n_articles; i++)
                for (int k = i + 1; *desks.articles[i].key && k < desks.n_articles; k++)
                        if (streq(desks.articles[i].key, desks.articles[k].key) &&
                            desks.tickets[desks.articles[i].ticket].desk == desks.tickets[desks.articles[k].ticket].desk &&
                            desks.tickets[desks.articles[i].ticket].merged_into < 0 && desks.tickets[desks.articles[k].ticket].merged_into < 0 &&
                            !desks.tickets[desk_follow(desks.articles[i].ticket)].deleted &&
                            !desks.tickets[desk_follow(desks.articles[k].ticket)].deleted)
                                broken_article(v, i, k);
}

void judge_mentions(struct verdict *v)
{
        for (int i = 0; i < social.n_statuses; i++) {
                judge_mention(v, i);
                for (int k = i + 1; k < social.n_statuses; k++)
                        if (social.statuses[k].root == social.statuses[i].root)
                                judge_order(v, i, k);
        }
        judge_threads(v);
        judge_tickets(v);
        judge_closed(v);
}

/* SPDX-License-Identifier: MIT
 *
 * Polls: which tickets may have articles of agents that the journal does not know.  otrs_reply.c reads those.
 *
 * Those with an article newer than the last poll that ended well, by TicketSearch.  While the daemon lives the window is the
 * number of minutes since that poll began, plus OTRS_OVERLAP_MINUTES for articles that become visible late: the more of what
 * two clocks say, for one can be set, and the other stops while a machine sleeps.  So
 * neither the helpdesk's zone nor the difference of the clocks comes in.  Once an hour the window is wider: the helpdesk
 * compares its local time as text, and where that has daylight saving, the hour that is repeated in autumn hides articles
 * from a narrow window.
 *
 * After a start no clock of ours tells how long it was away.  Then the search goes from the newest change of a ticket of
 * ours that was seen, in the helpdesk's own words: the cursor "seen", which stands still while nobody writes.  The wide
 * window before that covers what was not visible yet; then it goes back to noon, for there are zones in which an hour
 * around midnight does not exist, and a search from such an hour finds nothing.
 *
 * A ticket that find() found is looked at once, however old: agents may have answered in it before it was known.
 *
 * That a ticket was closed is seen with the note in which an agent says so.  Those that were closed without one are sought when
 * the window is wide.
 *
 * All tickets are asked for, not only those with SocialThread: the field stays behind when a ticket is merged into
 * another.
 *
 * A callback of the plugin; owns the cursor "seen" and the times of polls in struct otrs. */
#include "otrs.h"

#include <time.h>

static const int64_t second_usec = 1000000, minute_usec = 60 * second_usec, hour_usec = 60 * minute_usec,
                     day_usec = 24 * hour_usec;

static const struct otrs_articles newest = { .all = true, .agents = true, .limit = OTRS_ARTICLES };

/* The ticket, or the one that it was merged into; NULL for one that cannot be read. */
static int follow(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket, struct json_object **ret)
{
        const char *id = mj_str(ticket, "TicketID"), *changed = mj_str(ticket, "Changed");
        int r;

        if (mentiond_parse_time(changed) && strcmp(changed, mentiond_cursor(op, "seen")) > 0)
                mentiond_set_cursor(op, "seen", changed);

        *ret = ticket;
        if (!mj_is(ticket, "StateType", "merged"))
                return MENTIOND_OK;
        r = otrs_ticket_open(op, otrs, id, &newest, ret);
        if (r == MENTIOND_OK) {
                mentiond_merged(op, id, mj_str(*ret, "TicketID"), mj_str(*ret, "TicketNumber"));
        } else if (r == MENTIOND_GONE) {
                mentiond_log(op, 4, "ticket %s was merged into one that %s may not see",
                             mj_str(ticket, "TicketNumber"), otrs->user);
                *ret = NULL;
        }
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

static void tell_closed(struct mentiond_op *op, struct json_object *ticket)
{
        if (otrs_is_closed(ticket))
                mentiond_closed(op, mj_str(ticket, "TicketID"), otrs_closed_usec(op, ticket));
}

static int take_page(struct mentiond_op *op, struct otrs *otrs, struct json_object *page)
{
        struct json_object **tickets = mentiond_alloc(op, mj_len(page) * sizeof(struct json_object *));
        int r = MENTIOND_OK;

        for (size_t i = 0; r == MENTIOND_OK && i < mj_len(page); i++) {
                r = follow(op, otrs, mj_at(page, i), &tickets[i]);
                if (r == MENTIOND_OK && tickets[i])
                        tell_closed(op, tickets[i]);
        }
        return r == MENTIOND_OK ? otrs_take_articles(op, otrs, tickets, mj_len(page)) : r;
}

/* The noon before the wide window, in the helpdesk's words; NULL if nothing was seen, or at a time that cannot be. */
static const char *seen_noon(struct mentiond_op *op)
{
        const char *cursor = mentiond_cursor(op, "seen");
        /* A store that was built anew has a horizon, and no cursor. */
        int64_t seen = *cursor ? mentiond_parse_time(cursor) : mentiond_horizon_usec(op);
        time_t from = (time_t) ((seen - OTRS_SWEEP_MINUTES * minute_usec - day_usec / 2) / day_usec * (day_usec / 1000000));
        struct tm tm;

        /* Its zone may be ahead; its clock must not have been.  A search from the future finds nothing. */
        if (seen < 2 * day_usec || seen > mentiond_now_usec(op) + day_usec || !gmtime_r(&from, &tm))
                return NULL;
        return mentiond_format(op, "%04d-%02d-%02d 12:00:00", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* Not after a start at which nothing was seen yet: that would be all that was closed in a year. */
static int take_closed(struct mentiond_op *op, struct otrs *otrs)
{
        const char *noon = otrs->polled ? NULL : seen_noon(op);
        struct json_object *query, *found;
        int r;

        if (otrs->polled)
                query = mentiond_json(op, "{'TicketCloseTimeNewerMinutes': %d, 'Limit': %d}", OTRS_SWEEP_MINUTES, OTRS_IDS_MAX);
        else if (noon)
                query = mentiond_json(op, "{'TicketCloseTimeNewerDate': %s, 'Limit': %d}", noon, OTRS_IDS_MAX);
        else
                return MENTIOND_OK;
        r = otrs_search(op, otrs, query, &found);
        return r == MENTIOND_OK ? otrs_tickets_walk(op, otrs, otrs_ids(op, found, true), &newest, take_page) : r;
}

static struct json_object *window(struct mentiond_op *op, struct otrs *otrs, bool sweep)
{
        int64_t minutes = OTRS_FIRST_MINUTES;
        const char *noon = otrs->polled ? NULL : seen_noon(op);

        if (otrs->polled) {
                minutes = (mentiond_steady_usec(op) - otrs->polled_steady_usec) / minute_usec + 1 + OTRS_OVERLAP_MINUTES;
                if (minutes < otrs_minutes_since(op, otrs->polled_usec))
                        minutes = otrs_minutes_since(op, otrs->polled_usec);
                if (minutes < OTRS_SWEEP_MINUTES && sweep)
                        minutes = OTRS_SWEEP_MINUTES;
        }
        otrs->window_minutes = minutes;
        if (noon)
                return mentiond_json(op, "{'ArticleCreateTimeNewerDate': %s, 'Limit': %d}", noon, OTRS_IDS_MAX);
        return mentiond_json(op, "{'ArticleCreateTimeNewerMinutes': %lld, 'Limit': %d}", (long long) minutes, OTRS_IDS_MAX);
}

int otrs_poll(struct mentiond_op *op, void *state)
{
        struct otrs *otrs = state;
        int64_t now = mentiond_now_usec(op), steady = mentiond_steady_usec(op);
        bool sweep = !otrs->polled || steady - otrs->swept_steady_usec >= hour_usec;
        struct json_object *found;
        const char *unread;
        int r = otrs_search(op, otrs, window(op, otrs, sweep), &found);

        if (r != MENTIOND_OK)
                return r;
        if (mj_len(found) >= OTRS_IDS_MAX)
                mentiond_log(op, 3, "more than %d tickets changed since the last poll: the oldest were not looked at",
                             OTRS_IDS_MAX);
        r = otrs_tickets_walk(op, otrs, otrs_ids(op, found, true), &newest, take_page);
        if (r == MENTIOND_OK && sweep)
                r = take_closed(op, otrs);
        otrs->window_minutes = OTRS_FIRST_MINUTES;
        for (uint32_t i = 0; r == MENTIOND_OK && (unread = mentiond_unread(op, i)); i++)
                r = otrs_tickets_walk(op, otrs, unread, &newest, take_page);
        if (r != MENTIOND_OK)
                return r;
        otrs->polled = true;
        otrs->polled_usec = now;
        otrs->polled_steady_usec = steady;
        if (sweep)
                otrs->swept_steady_usec = steady;
        return MENTIOND_OK;
}

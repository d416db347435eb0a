/* SPDX-License-Identifier: MIT
 *
 * Agents' articles, as replies and internal ones.
 *
 * Which tickets: those with an article newer than the last poll that ended well, by TicketSearch.  While the daemon
 * lives the window is the number of minutes since that poll began, plus OTRS_OVERLAP_MINUTES for articles that become
 * visible late: the more of what two clocks say, for one can be set, and the other stops while a machine sleeps.  So
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
 * All tickets are asked for, not only those with SocialThread: the field stays behind when a ticket is merged into
 * another.
 *
 * What is a reply: an agent's article, channel Internal, visible for the customer, From someone (the note that a
 * merge writes is all that, but From nobody).  It is doubtful if it may have become one later: the helpdesk keeps
 * no history of visibility, but an article that was touched has another ChangeTime than CreateTime, and a merge
 * touches all that it moves.  What agents wrote in a ticket of other people, before one of ours was merged into
 * it, is internal for us.
 * A callback of the plugin; owns the cursor "seen" and the times of polls in struct otrs. */
#include "otrs.h"

#include <stdlib.h>
#include <time.h>

enum {
        SWEEP_MINUTES = 130,    /* twice the hour that is repeated, and what a poll may take */
        FIRST_MINUTES = 366 * 1440,     /* where no ticket of ours was seen yet: longer than the longest outage */
};

#define YEAR_10000 INT64_C(253402300800)    /* in seconds since 1970 */

static const int64_t second_usec = 1000000, minute_usec = 60 * second_usec, hour_usec = 60 * minute_usec, day_usec = 24 * hour_usec;

static bool is_agents(struct json_object *article)
{
        return strcmp(mj_str(article, "SenderType"), "agent") == 0 &&
               strcmp(mj_str(article, "CommunicationChannel"), "Internal") == 0 &&
               mj_int(article, "ArticleID", 0) > 0 &&
               strcmp(mj_str(article, "From"), OTRS_FROM) != 0 && !*otrs_field(article, "SocialPost");
}

/* When tickets were merged into this one, in the helpdesk's own words and zone; "" for never. */
struct merges {
        const char *first, *last;
};

static bool looks_like_reply(struct json_object *article)
{
        return mj_int(article, "IsVisibleForCustomer", 0) == 1 && *mj_str(article, "From");
}

static bool is_touched(struct json_object *article, int64_t tolerance_usec)
{
        int64_t created = mentiond_parse_time(mj_str(article, "CreateTime"));
        int64_t later = mentiond_parse_time(mj_str(article, "ChangeTime")) - created;

        return !created || later < 0 || later > tolerance_usec ||
               mj_int(article, "CreateBy", -1) != mj_int(article, "ChangeBy", -2);
}

/* The helpdesk asks its clock for each of the two times of a new article, so that the second may turn between them.  Nobody
 * changes an article within a second of writing it. */
static bool is_changed(struct json_object *article)
{
        return is_touched(article, second_usec);
}

/* Whether it was written in a ticket of other people, before one of ours was merged into that.  A merge touches what it moves,
 * and may do so within a second: one that could be ours is doubtful. */
static bool is_others(struct json_object *ticket, struct json_object *article, const struct merges *merges)
{
        return !*otrs_field(ticket, "SocialThread") && !is_touched(article, 0) &&
               strcmp(mj_str(article, "CreateTime"), merges->first) < 0;
}

/* "Ada Agent" <ada@example.com> is Ada Agent. */
static const char *agent_name(struct mentiond_op *op, const char *from)
{
        size_t n = strcspn(from, "<");

        while (n > 0 && strchr(" \"", from[n - 1]))
                n--;
        while (n > 0 && strchr(" \"", *from)) {
                from++;
                n--;
        }
        return n > 0 ? mentiond_format(op, "%.*s", (int) n, from) : from;
}

static bool is_html_body(struct json_object *attachment)
{
        const char *name = mj_str(attachment, "Filename");

        return strncmp(mj_str(attachment, "ContentType"), "text/html", 9) == 0 &&
               strcmp(mj_str(attachment, "Disposition"), "inline") == 0 &&
               (strcmp(name, "file-1") == 0 || strcmp(name, "file-2") == 0 || strcmp(name, "file-1.html") == 0);
}

/* When the helpdesk took it in; 0 for what is no time. */
static int64_t incoming_usec(struct json_object *article)
{
        int64_t seconds = mj_int(article, "IncomingTime", 0);

        return seconds > 0 && seconds < YEAR_10000 ? seconds * 1000000 : 0;
}

static void emit(struct mentiond_op *op, struct json_object *ticket, struct json_object *article,
                 const struct merges *merges)
{
        bool reply = looks_like_reply(article) && !is_others(ticket, article, merges);
        struct json_object *attachments = mj_get(article, "Attachment");
        int64_t created = incoming_usec(article);
        int64_t kept = mentiond_parse_time(mj_str(article, "CreateTime"));
        struct mentiond_article found = {
                .struct_size = sizeof(found),
                .kind = reply ? MENTIOND_ARTICLE_REPLY : MENTIOND_ARTICLE_INTERNAL,
                .ticket = mj_str(ticket, "TicketID"),
                .id = mj_str(article, "ArticleID"),
                .agent = agent_name(op, mj_str(article, "From")),
                .html = "",
                .text = mj_str(article, "Body"),
                .created_usec = created,
                .changed_usec = mentiond_parse_time(mj_str(article, "ChangeTime")) - kept + created,
        };

        for (size_t i = 0; i < mj_len(attachments); i++) {
                struct json_object *attachment = mj_at(attachments, i);

                if (!is_html_body(attachment)) {
                        found.n_attachments += strcmp(mj_str(attachment, "Disposition"), "inline") != 0;
                } else if (strstr(mj_str(attachment, "ContentType"), "utf-8")) {
                        uint64_t size;
                        const char *html = mentiond_base64_decode(op, mj_str(attachment, "Content"), &size);

                        found.html = html ? html : "";
                }
        }
        if (reply && (is_changed(article) || strcmp(mj_str(article, "CreateTime"), merges->last) <= 0))
                found.flags |= MENTIOND_ARTICLE_DOUBTFUL;
        mentiond_emit_article(op, &found);
}

static int get_merges(struct mentiond_op *op, struct otrs *otrs, const char *id, struct merges *ret)
{
        struct json_object *history;
        int r = otrs_ticket_history(op, otrs, id, &history);

        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(history); i++) {
                const char *when = mj_str(mj_at(history, i), "CreateTime");
                struct otrs_merge merge;

                if (!otrs_merge_parse(mj_at(history, i), &merge) || strcmp(merge.into, id) != 0)
                        continue;
                if (!*ret->first || strcmp(when, ret->first) < 0)
                        ret->first = when;
                if (strcmp(when, ret->last) > 0)
                        ret->last = when;
        }
        return MENTIOND_OK;
}

/* The newest n articles of agents with their attachments; without the contents if those are too much. */
static int get_details(struct mentiond_op *op, struct otrs *otrs, const char *id, size_t n,
                       struct json_object **ret)
{
        struct otrs_articles what = { .all = true, .agents = true, .attachments = true, .limit = (int64_t) n };
        struct json_object *tickets;
        int r = otrs_ticket_get(op, otrs, id, &what, &tickets);

        if (r == MENTIOND_RETRY || r == MENTIOND_REJECTED || r == MENTIOND_BUG) {
                what.names_only = true;
                r = otrs_ticket_get(op, otrs, id, &what, &tickets);
        }
        if (r == MENTIOND_OK)
                *ret = mj_get(mj_at(tickets, 0), "Article");
        return r;
}

/* The i-th oldest.  The helpdesk gives the newest first only where the number is limited, too. */
static struct json_object *oldest(struct json_object *articles, size_t i)
{
        size_t n = mj_len(articles);
        int64_t first = mj_int(mj_at(articles, 0), "ArticleID", 0);
        int64_t last = n > 0 ? mj_int(mj_at(articles, n - 1), "ArticleID", 0) : 0;

        return mj_at(articles, first > last ? n - 1 - i : i);
}

/* Whether more articles may have come since the last poll than were asked for.  Our own notes are among them, and a flood of
 * those must not push out what an agent wrote before.  What is older than the window was there for an earlier poll. */
static bool is_short(const struct otrs *otrs, struct json_object *articles)
{
        size_t n = mj_len(articles);
        int64_t first = incoming_usec(mj_at(articles, 0)), last = n > 0 ? incoming_usec(mj_at(articles, n - 1)) : 0;

        return n >= OTRS_ARTICLES && (otrs->window_minutes == FIRST_MINUTES ||
               (first > last ? first - last : last - first) <= otrs->window_minutes * minute_usec);
}

/* Emits what the journal does not know of a ticket's articles. */
static int take_articles(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket)
{
        static const struct otrs_articles every = { .all = true, .agents = true };
        const char *id = mj_str(ticket, "TicketID");
        struct merges merges = { .first = "", .last = "" };
        struct json_object *articles = mj_get(ticket, "Article"), *tickets;
        size_t unknown = 0;
        bool replies = false;
        int r;

        if (is_short(otrs, articles)) {
                r = otrs_ticket_get(op, otrs, id, &every, &tickets);
                if (r != MENTIOND_OK)
                        return r;
                articles = mj_get(mj_at(tickets, 0), "Article");
        }
        for (size_t n = mj_len(articles), i = 0; i < n; i++) {
                struct json_object *article = oldest(articles, n - 1 - i);

                mentiond_saw(op, incoming_usec(article));
                if (is_agents(article) && !mentiond_knows_article(op, mj_str(article, "ArticleID"))) {
                        unknown = i + 1;
                        replies |= looks_like_reply(article);
                }
        }
        if (unknown == 0)
                return MENTIOND_OK;
        if (replies) {
                r = get_merges(op, otrs, id, &merges);
                if (r != MENTIOND_OK)
                        return r;
        }
        /* Some more, for agents may be writing, and what is pushed out is met by a later poll only: it may be taken for old. */
        r = get_details(op, otrs, id, unknown + OTRS_ARTICLES, &articles);
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(articles); i++) {
                struct json_object *article = oldest(articles, i);

                if (is_agents(article) && !mentiond_knows_article(op, mj_str(article, "ArticleID")))
                        emit(op, ticket, article, &merges);
        }
        return MENTIOND_OK;
}

static const struct otrs_articles newest = { .all = true, .agents = true, .limit = OTRS_ARTICLES };

static int take_ticket(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket)
{
        const char *id = mj_str(ticket, "TicketID"), *changed = mj_str(ticket, "Changed");
        struct json_object *into;
        int r;

        if (mentiond_parse_time(changed) && strcmp(changed, mentiond_cursor(op, "seen")) > 0)
                mentiond_set_cursor(op, "seen", changed);

        if (strcmp(mj_str(ticket, "StateType"), "merged") != 0)
                return take_articles(op, otrs, ticket);
        r = otrs_ticket_open(op, otrs, id, &newest, &into);
        if (r == MENTIOND_GONE) {
                mentiond_log(op, 4, "ticket %s was merged into one that %s may not see",
                             mj_str(ticket, "TicketNumber"), otrs->user);
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        mentiond_merged(op, id, mj_str(into, "TicketID"), mj_str(into, "TicketNumber"));
        return take_articles(op, otrs, into);
}

/* The noon before the wide window, in the helpdesk's words; NULL if nothing was seen, or at a time that cannot be. */
static const char *seen_noon(struct mentiond_op *op)
{
        const char *cursor = mentiond_cursor(op, "seen");
        /* A store that was built anew has a horizon, and no cursor. */
        int64_t seen = *cursor ? mentiond_parse_time(cursor) : mentiond_horizon_usec(op);
        time_t from = (time_t) ((seen - SWEEP_MINUTES * minute_usec - day_usec / 2) / day_usec * (day_usec / 1000000));
        struct tm tm;

        /* Its zone may be ahead; its clock must not have been.  A search from the future finds nothing. */
        if (seen < 2 * day_usec || seen > mentiond_now_usec(op) + day_usec || !gmtime_r(&from, &tm))
                return NULL;
        return mentiond_format(op, "%04d-%02d-%02d 12:00:00", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static void put_window(struct mentiond_op *op, struct otrs *otrs, struct json_object *query, bool sweep)
{
        int64_t minutes = FIRST_MINUTES;
        const char *noon = otrs->polled ? NULL : seen_noon(op);

        if (otrs->polled) {
                minutes = (mentiond_steady_usec(op) - otrs->polled_steady_usec) / minute_usec + 1 + OTRS_OVERLAP_MINUTES;
                if (minutes < otrs_minutes_since(op, otrs->polled_usec))
                        minutes = otrs_minutes_since(op, otrs->polled_usec);
                if (minutes < SWEEP_MINUTES && sweep)
                        minutes = SWEEP_MINUTES;
        }
        if (noon)
                mj_put_str(query, "ArticleCreateTimeNewerDate", noon);
        else
                mj_put_int(query, "ArticleCreateTimeNewerMinutes", minutes);
        otrs->window_minutes = minutes;
}

int otrs_poll(struct mentiond_op *op, void *state)
{
        struct otrs *otrs = state;
        int64_t now = mentiond_now_usec(op), steady = mentiond_steady_usec(op);
        bool sweep = !otrs->polled || steady - otrs->swept_steady_usec >= hour_usec;
        struct json_object *query = mentiond_json_object(op), *found;
        const char *unread;
        int r;

        put_window(op, otrs, query, sweep);
        mj_put_int(query, "Limit", OTRS_IDS_MAX);
        r = otrs_search(op, otrs, query, &found);
        if (r != MENTIOND_OK)
                return r;
        if (mj_len(found) >= OTRS_IDS_MAX)
                mentiond_log(op, 3, "more than %d tickets changed since the last poll: the oldest were not looked at",
                             OTRS_IDS_MAX);
        r = otrs_tickets_walk(op, otrs, otrs_ids(op, found, true), &newest, take_ticket);
        otrs->window_minutes = FIRST_MINUTES;
        for (uint32_t i = 0; r == MENTIOND_OK && (unread = mentiond_unread(op, i)); i++)
                r = otrs_tickets_walk(op, otrs, unread, &newest, take_ticket);
        if (r != MENTIOND_OK)
                return r;
        otrs->polled = true;
        otrs->polled_usec = now;
        otrs->polled_steady_usec = steady;
        if (sweep)
                otrs->swept_steady_usec = steady;
        return MENTIOND_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * Agents' articles, as replies and internal ones.
 *
 * Which tickets: those that changed since the last poll, less an overlap for what becomes visible late, until that is over.  From
 * when is told in Zammad's own words, as the cursor "seen"; no clock of ours comes in.  A ticket that is still as it was looked
 * at is passed over, if what was found in it could be stored.
 *
 * What is a reply: an article of an agent, not internal, of the type note or web.  E-mails and calls are between an agent and
 * somebody else.  It is doubtful if it may have become one later: an article that was opened, or that a merge has moved, was
 * updated after it was made.  A merge leaves a public note "merged" by the agent in the ticket that it empties: that is none.
 * What agents wrote in a ticket of other people, before one of ours was merged into it, is internal for us.
 * A callback of the plugin; owns the cursor "seen", and what struct zammad has of polls. */
#include "zammad.h"

#include <stdlib.h>

static const char no_proof[] = "-";      /* not all that was found could be handed over */

static const int64_t second_usec = 1000000, overlap_usec = 300 * second_usec, day_usec = 86400 * second_usec;

/* --- Articles --- */

static bool is_agents(const struct zammad *z, struct json_object *article)
{
        return mj_is(article, "sender", "Agent") && mj_int(article, "id", 0) > 0 && !zammad_is_ours(z, article);
}

static bool is_merge_note(struct json_object *article)
{
        /* People's notes are text/html. */
        return mj_is(article, "body", "merged") && mj_is(article, "type", "note") &&
               strncmp(mj_str(article, "content_type"), "text/plain", 10) == 0;
}

static bool is_note(struct json_object *article)
{
        return json_object_is_type(mj_get(article, "internal"), json_type_boolean)
               && (mj_is(article, "type", "note") || mj_is(article, "type", "web"))
               && mj_int(article, "created_by_id", 0) > ZAMMAD_SYSTEM_USER;
}

/* When the first of ours was merged into this ticket, by what the merge has moved; 0 for never. */
static int64_t merged_usec(const struct zammad *z, struct json_object *articles)
{
        struct json_object *article;
        int64_t first = 0;

        MJ_EACH(article, articles) {
                int64_t moved = mentiond_parse_time(mj_str(article, "updated_at"));

                if (zammad_is_ours(z, article) && zammad_is_touched(article) && (!first || moved < first))
                        first = moved;
        }
        return first;
}

/* Where a ticket's articles are told to be, and what of them is whose. */
struct place {
        const char *ticket;
        bool others;             /* the ticket is not ours */
        bool left;               /* behind, in a ticket that was merged */
        int64_t merged_usec;
};

static void emit(struct mentiond_op *op, struct zammad *z, struct json_object *article, const struct place *place)
{
        bool internal = json_object_get_boolean(mj_get(article, "internal")), touched = zammad_is_touched(article);
        bool reply = is_note(article) && !internal, note = is_note(article) && internal;
        struct zammad_written written = zammad_written(article);
        int64_t created = mentiond_parse_time(mj_str(article, "created_at"));
        struct mentiond_article found = {
                .struct_size = sizeof(found),
                .ticket = place->ticket,
                .id = mj_str(article, "id"),
                .agent = mj_str(article, "from"),
                .html = written.html,
                .text = written.text,
                .created_usec = created,
                .changed_usec = mentiond_parse_time(mj_str(article, "updated_at")),
                .n_attachments = (uint32_t) mj_len(mj_get(article, "attachments")),
        };

        /* What a merge has moved it has changed, be it within the second in which it was written. */
        if (place->others && place->merged_usec && created < place->merged_usec) {
                touched |= found.changed_usec >= place->merged_usec;
                reply &= touched;
                note &= touched;
        }
        if (reply && (touched || place->left || (place->others && !place->merged_usec)))
                found.flags |= MENTIOND_ARTICLE_DOUBTFUL;
        if (!reply && *found.html) {
                found.text = mentiond_text_from_html(op, found.html);
                found.html = "";
        }
        found.kind = reply ? MENTIOND_ARTICLE_REPLY : note ? MENTIOND_ARTICLE_INTERNAL : MENTIOND_ARTICLE_OTHER;
        mentiond_emit_article(op, &found);
        z->news = true;
        if (strcmp(z->proof, no_proof) != 0)
                strcpy(z->proof, strlen(found.id) <= ZAMMAD_ID_MAX && mentiond_knows_article(op, found.id) ? found.id : no_proof);
}

static bool is_news(struct mentiond_op *op, const struct zammad *z, struct json_object *article)
{
        return is_agents(z, article) && !is_merge_note(article) && !mentiond_knows_article(op, mj_str(article, "id"));
}

static int by_id(const void *a, const void *b)
{
        int64_t x = mj_int(*(struct json_object *const *) a, "id", 0), y = mj_int(*(struct json_object *const *) b, "id", 0);

        return x < y ? -1 : x > y;
}

/* What the journal does not know of them, the oldest first. */
static void emit_news(struct mentiond_op *op, struct zammad *z, struct json_object *articles, const struct place *place)
{
        size_t n = mj_len(articles);
        struct json_object **sorted = mentiond_alloc(op, (n + 1) * sizeof(*sorted));

        for (size_t i = 0; i < n; i++)
                sorted[i] = mj_at(articles, i);
        qsort(sorted, n, sizeof(*sorted), by_id);
        for (size_t i = 0; i < n; i++)
                if (is_news(op, z, sorted[i]))
                        emit(op, z, sorted[i], place);
}

/* --- Tickets --- */

/* The ticket is read after its articles: one that is not merged by then was not when they were read. */
static int take_ticket(struct mentiond_op *op, struct zammad *z, const char *id)
{
        struct place place = { .ticket = id };
        struct json_object *articles, *ticket;
        bool news = false;
        int r = zammad_articles(op, z, id, &articles);

        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(articles) && !news; i++)
                news = is_news(op, z, mj_at(articles, i));
        if (!news)
                return MENTIOND_OK;
        r = zammad_ticket_get(op, z, id, &ticket);
        if (r != MENTIOND_OK || zammad_is_merged(ticket))
                return r;            /* the merge is a change, and the next poll follows it */
        place.others = mj_int(ticket, "created_by_id", 0) != z->user && !*mj_str(ticket, z->attribute);
        if (place.others)
                place.merged_usec = merged_usec(z, articles);
        emit_news(op, z, articles, &place);
        return MENTIOND_OK;
}

static int take_merged(struct mentiond_op *op, struct zammad *z, const char *id)
{
        struct place place = { .left = true };
        struct json_object *into, *articles;
        int r = zammad_ticket_open(op, z, id, &into);

        if (r == MENTIOND_GONE) {
                mentiond_log(op, 4, "ticket %s was merged into one that %s may not see", id, z->user_name);
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        place.ticket = mj_str(into, "id");
        if (strcmp(place.ticket, id) == 0)   /* opened again since the search */
                return take_ticket(op, z, id);
        z->news = true;
        mentiond_merged(op, id, place.ticket, mj_str(into, "number"));
        r = zammad_articles(op, z, id, &articles);
        if (r != MENTIOND_OK)
                return r;
        emit_news(op, z, articles, &place);
        return take_ticket(op, z, place.ticket);
}

/* Also of a ticket that is as it was: whether what was told of it before could be stored nobody knows. */
static void tell_closed(struct mentiond_op *op, struct zammad *z, struct json_object *ticket)
{
        const char *id = mj_str(ticket, "id");

        if (zammad_is_asleep(z, ticket) && mentiond_is_linked(op, id) && zammad_is_closed(op, z, ticket))
                mentiond_closed(op, id, mentiond_parse_time(mj_str(ticket, "last_close_at")));
}

/* One that may have been changed before the walk begins, or merged. */
static int take_unread(struct mentiond_op *op, struct zammad *z, const char *id)
{
        struct json_object *ticket;
        int r = zammad_ticket_get(op, z, id, &ticket);

        if (r == MENTIOND_OK)
                tell_closed(op, z, ticket);
        if (r == MENTIOND_OK)
                r = zammad_is_merged(ticket) ? take_merged(op, z, id) : take_ticket(op, z, id);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

static struct zammad_seen *place_of(struct zammad *z, int64_t ticket)
{
        return &z->seen[ticket % ZAMMAD_SEEN];
}

static bool is_seen(struct zammad *z, struct json_object *ticket)
{
        int64_t id = mj_int(ticket, "id", 0);
        const struct zammad_seen *seen = place_of(z, id);

        return seen->ticket == id && seen->poll <= z->good_polls &&
               seen->updated_usec == mentiond_parse_time(mj_str(ticket, "updated_at"));
}

static int take_page(struct mentiond_op *op, struct zammad *z, struct json_object *tickets, struct zammad_kept *kept)
{
        const char **ids = kept->strings + kept->n, **times = ids + ZAMMAD_PAGE, *newest = "";
        bool merged[ZAMMAD_PAGE];
        size_t n = 0;

        for (size_t i = 0; i < mj_len(tickets) && n < ZAMMAD_PAGE; i++) {
                struct json_object *ticket = mj_at(tickets, i);

                newest = mj_str(ticket, "updated_at");
                tell_closed(op, z, ticket);
                if (mj_int(ticket, "id", 0) <= 0 || is_seen(z, ticket) || !mentiond_is_linked(op, mj_str(ticket, "id")))
                        continue;
                merged[n] = zammad_is_merged(ticket);
                ids[n] = mj_str(ticket, "id");
                times[n++] = mj_str(ticket, "updated_at");
        }
        if (mentiond_parse_time(newest) && mentiond_parse_time(newest) < mentiond_now_usec(op) + day_usec) {
                mentiond_saw(op, mentiond_parse_time(newest));
                mentiond_set_cursor(op, "seen", newest);
        }
        for (size_t i = n; i < ZAMMAD_PAGE; i++)
                ids[i] = times[i] = "";
        kept->n += 2 * ZAMMAD_PAGE;
        for (size_t i = 0; i < n; i++) {
                int64_t id = strtoll(ids[i], NULL, 10);
                bool news = z->news;
                int r;

                z->news = false;
                r = merged[i] ? take_merged(op, z, ids[i]) : take_ticket(op, z, ids[i]);
                if (r != MENTIOND_OK && r != MENTIOND_GONE)
                        return r;
                /* The links follow a merge when the journal has it; until then it is told again. */
                if (!merged[i] || !z->news)
                        *place_of(z, id) = (struct zammad_seen) { id, mentiond_parse_time(times[i]), z->polls };
                z->news |= news;
                mentiond_turn_page(op, kept->strings, kept->n);
        }
        return MENTIOND_OK;
}

/* --- When from --- */

/* Zammad tells whole seconds. */
static const char *told(struct mentiond_op *op, int64_t usec)
{
        return mentiond_format_time(op, usec - usec % 1000000);
}

/* How far before the newest change that was seen one may still come to light.  None does once a poll has found nothing that began
 * so long after the newest was first seen: else, while Zammad is idle, each poll would read anew all that changed at last. */
static int64_t overlap(struct mentiond_op *op, struct zammad *z, int64_t seen)
{
        if (seen != z->newest_usec) {
                z->newest_usec = seen;
                z->newest_steady_usec = mentiond_steady_usec(op);
        }
        return seen == z->settled_usec ? 0 : overlap_usec;
}

/* In a new store nothing was looked at yet: from the newest change that there is, for tickets that were linked before are unread,
 * all of them.  A store that was built anew has a horizon, and no cursor. */
static int begin(struct mentiond_op *op, struct zammad *z, const char **ret)
{
        int64_t seen = mentiond_parse_time(mentiond_cursor(op, "seen"));
        struct zammad_answer answer;
        int r;

        if (!seen)
                seen = mentiond_horizon_usec(op);
        if (seen > 0) {
                *ret = told(op, seen - overlap(op, z, seen));
                return MENTIOND_OK;
        }
        r = zammad_call(op, "POST", "/api/v1/tickets/search",
                        mentiond_json(op, "{'condition': {'ticket.updated_at': {'operator': 'after (absolute)', 'value': %s}}, "
                                      "'expand': true, 'sort_by': 'updated_at', 'order_by': 'desc', 'page': 1, 'per_page': 1}",
                                      told(op, 0)), ZAMMAD_READS, &answer);
        if (r != MENTIOND_OK)
                return r;
        seen = mentiond_parse_time(mj_str(mj_at(answer.json, 0), "updated_at"));
        *ret = told(op, seen);
        /* Also where Zammad has no ticket yet: the next poll begins with the first, and not with the newest of by then. */
        mentiond_set_cursor(op, "seen", told(op, seen > 0 ? seen : second_usec));
        return MENTIOND_OK;
}

int zammad_poll(struct mentiond_op *op, void *state)
{
        struct zammad *z = state;
        struct zammad_walk walk = { .by = "updated_at", .fn = take_page };
        int64_t now = mentiond_steady_usec(op);
        const char *unread;
        int r;

        /* What the last poll found was stored after it, or was not. */
        if (*z->proof && mentiond_knows_article(op, z->proof))
                z->good_polls = z->polls;
        z->proof[0] = '\0';
        z->news = false;
        z->polls++;
        r = begin(op, z, &walk.from);
        if (r == MENTIOND_OK)
                r = zammad_walk(op, z, &walk);
        for (uint32_t i = 0; r == MENTIOND_OK && (unread = mentiond_unread(op, i)); i++)
                r = take_unread(op, z, unread);
        if (r != MENTIOND_OK) {
                z->proof[0] = '\0';     /* it has not looked at all that an earlier one could not store */
                return r;
        }
        if (!*z->proof)
                z->good_polls = z->polls;
        if (!z->news && now - z->newest_steady_usec >= overlap_usec)
                z->settled_usec = z->newest_usec;
        return MENTIOND_OK;
}

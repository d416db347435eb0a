/* SPDX-License-Identifier: MIT
 *
 * Agents' articles, as replies and internal ones.
 *
 * What is a reply: an agent's article, channel Internal, visible for the customer, From someone (the note that a
 * merge writes is all that, but From nobody).  It is doubtful if it may have become one later: the helpdesk keeps
 * no history of visibility, but an article that was touched has another ChangeTime than CreateTime, and a merge
 * touches all that it moves.  What agents wrote in a ticket of other people, before one of ours was merged into
 * it, is internal for us.
 * Tickets are looked into together, as many as one call brings.  Called by otrs_poll.c; owns nothing. */
#include "otrs.h"

static const int64_t second_usec = 1000000, minute_usec = 60 * second_usec;

/* When tickets were merged into this one, in the helpdesk's own words and zone; "" for never. */
struct merges {
        const char *first, *last;
};

/* What a poll has to do with a ticket. */
struct look {
        struct json_object *ticket;
        size_t unknown;          /* among so many of its newest articles are all that the journal does not know */
        bool replies;            /* some of those look like it */
        struct merges merges;
};

bool otrs_is_ours(struct json_object *article)
{
        return mj_is(article, "From", OTRS_FROM) || *otrs_field(article, "SocialPost");
}

static bool is_agents(struct json_object *article)
{
        return mj_is(article, "SenderType", "agent") && mj_is(article, "CommunicationChannel", "Internal") &&
               mj_int(article, "ArticleID", 0) > 0 && !otrs_is_ours(article);
}

static bool looks_like_reply(struct json_object *article)
{
        return mj_int(article, "IsVisibleForCustomer", 0) == 1 && *mj_str(article, "From");
}

static bool is_internal_note(struct json_object *article)
{
        return mj_int(article, "IsVisibleForCustomer", 1) == 0 && mj_is(article, "CommunicationChannel", "Internal");
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

bool otrs_is_html_body(struct json_object *attachment)
{
        return strncmp(mj_str(attachment, "ContentType"), "text/html", 9) == 0 && mj_is(attachment, "Disposition", "inline") &&
               (mj_is(attachment, "Filename", "file-1") || mj_is(attachment, "Filename", "file-2") ||
                mj_is(attachment, "Filename", "file-1.html"));
}

/* In place of an HTML body there is but the text that the helpdesk has made of it, with the links as footnotes. */
struct otrs_written otrs_written(struct mentiond_op *op, struct json_object *article)
{
        struct otrs_written written = { .html = "", .text = mj_str(article, "Body") };
        struct json_object *attachments = mj_get(article, "Attachment"), *attachment;

        MJ_EACH(attachment, attachments) {
                if (!otrs_is_html_body(attachment)) {
                        written.n_attachments++;
                } else if (strstr(mj_str(attachment, "ContentType"), "utf-8")) {
                        uint64_t size;
                        const char *html = mentiond_base64_decode(op, mj_str(attachment, "Content"), &size);

                        written.html = html ? html : "";
                }
        }
        return written;
}

static void emit(struct mentiond_op *op, struct json_object *ticket, struct json_object *article,
                 const struct merges *merges)
{
        bool others = is_others(ticket, article, merges), reply = looks_like_reply(article) && !others;
        struct otrs_written written = otrs_written(op, article);
        int64_t created = mj_usec(article, "IncomingTime");
        int64_t kept = mentiond_parse_time(mj_str(article, "CreateTime"));
        struct mentiond_article found = {
                .struct_size = sizeof(found),
                .kind = reply ? MENTIOND_ARTICLE_REPLY : is_internal_note(article) && !others ? MENTIOND_ARTICLE_INTERNAL
                                                                                              : MENTIOND_ARTICLE_OTHER,
                .ticket = mj_str(ticket, "TicketID"),
                .id = mj_str(article, "ArticleID"),
                .agent = agent_name(op, mj_str(article, "From")),
                .html = written.html,
                .text = written.text,
                .created_usec = created,
                .changed_usec = mentiond_parse_time(mj_str(article, "ChangeTime")) - kept + created,
                .n_attachments = written.n_attachments,
        };

        if (!reply && *found.html) {
                found.text = mentiond_text_from_html(op, found.html);
                found.html = "";
        }
        if (reply && (is_changed(article) || strcmp(mj_str(article, "CreateTime"), merges->last) <= 0))
                found.flags |= MENTIOND_ARTICLE_DOUBTFUL;
        mentiond_emit_article(op, &found);
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
        int64_t first = mj_usec(mj_at(articles, 0), "IncomingTime");
        int64_t last = n > 0 ? mj_usec(mj_at(articles, n - 1), "IncomingTime") : 0;

        return n >= OTRS_ARTICLES && (otrs->window_minutes == OTRS_FIRST_MINUTES ||
               (first > last ? first - last : last - first) <= otrs->window_minutes * minute_usec);
}

static int look_at(struct mentiond_op *op, struct otrs *otrs, struct look *look)
{
        static const struct otrs_articles every = { .all = true, .agents = true };
        struct json_object *articles = mj_get(look->ticket, "Article"), *tickets;
        int r;

        if (is_short(otrs, articles)) {
                r = otrs_ticket_get(op, otrs, mj_str(look->ticket, "TicketID"), &every, &tickets);
                if (r != MENTIOND_OK)
                        return r;
                articles = mj_get(mj_at(tickets, 0), "Article");
        }
        for (size_t n = mj_len(articles), i = 0; i < n; i++) {
                struct json_object *article = oldest(articles, n - 1 - i);

                mentiond_saw(op, mj_usec(article, "IncomingTime"));
                if (is_agents(article) && !mentiond_knows_article(op, mj_str(article, "ArticleID"))) {
                        look->unknown = i + 1;
                        look->replies |= looks_like_reply(article);
                }
        }
        return MENTIOND_OK;
}

/* Ids, parted by commas. */
static const char *ids_of(struct mentiond_op *op, const struct look *looks, size_t n, bool replies)
{
        const char *ids = "";

        for (size_t i = 0; i < n; i++)
                if (replies ? looks[i].replies : looks[i].unknown > 0)
                        ids = mentiond_format(op, "%s%s%s", ids, *ids ? "," : "", mj_str(looks[i].ticket, "TicketID"));
        return ids;
}

/* Of a list with an element for each ticket, that of this one. */
static struct json_object *of_ticket(struct json_object *list, struct json_object *ticket)
{
        int64_t id = mj_int(ticket, "TicketID", -1);
        struct json_object *one;

        MJ_EACH(one, list)
                if (mj_int(one, "TicketID", -2) == id)
                        return one;
        return NULL;
}

static void read_merges(struct look *look, struct json_object *history)
{
        struct json_object *line;

        MJ_EACH(line, history) {
                const char *when = mj_str(line, "CreateTime");
                struct otrs_merge merge;

                if (!otrs_merge_parse(line, &merge) || !mj_is(look->ticket, "TicketID", merge.into))
                        continue;
                if (!*look->merges.first || strcmp(when, look->merges.first) < 0)
                        look->merges.first = when;
                if (strcmp(when, look->merges.last) > 0)
                        look->merges.last = when;
        }
}

static int get_merges(struct mentiond_op *op, struct otrs *otrs, struct look *looks, size_t n)
{
        const char *ids = ids_of(op, looks, n, true);
        struct json_object *histories, *one;
        int r;

        if (!*ids)
                return MENTIOND_OK;
        r = otrs_ticket_histories(op, otrs, ids, &histories);
        for (size_t i = 0; r == MENTIOND_OK && i < n; i++) {
                if (!looks[i].replies)
                        continue;
                one = of_ticket(histories, looks[i].ticket);
                if (!one)
                        r = mentiond_fail(op, MENTIOND_RETRY, "the helpdesk answered without the history of ticket %s",
                                          mj_str(looks[i].ticket, "TicketNumber"));
                read_merges(&looks[i], mj_get(one, "History"));
        }
        return r;
}

int64_t otrs_attached_bytes(struct json_object *article)
{
        struct json_object *attachments = mj_get(article, "Attachment"), *attachment;
        int64_t sum = 0;

        MJ_EACH(attachment, attachments) {
                int64_t size = mj_int(attachment, "FilesizeRaw", 0);

                sum += size > 0 && size < OTRS_TICKETS_MAX ? size : OTRS_TICKETS_MAX * (size > 0);
        }
        return sum;
}

static int64_t attached_bytes(struct json_object *articles)
{
        struct json_object *article;
        int64_t sum = 0;

        MJ_EACH(article, articles)
                sum += otrs_attached_bytes(article);
        return sum;
}

/* Articles of agents with their attachments; of one ticket without the contents if those are too much.  Only then: among them
 * is what the agent wrote, with its links, and without it there is but the text that the helpdesk made of it. */
static int get_details(struct mentiond_op *op, struct otrs *otrs, const struct look *looks, size_t n,
                       struct json_object **ret)
{
        struct otrs_articles what = { .all = true, .agents = true, .attachments = true };
        const char *ids = ids_of(op, looks, n, false);
        int r, failure;

        /* Some more, for agents may be writing, and what is pushed out is met by a later poll only: it may be taken for old. */
        for (size_t i = 0; i < n; i++)
                if (what.limit < (int64_t) looks[i].unknown + OTRS_ARTICLES)
                        what.limit = (int64_t) looks[i].unknown + OTRS_ARTICLES;
        r = failure = otrs_ticket_get(op, otrs, ids, &what, ret);
        if ((failure == MENTIOND_RETRY || failure == MENTIOND_REJECTED || failure == MENTIOND_BUG) && !strchr(ids, ',')) {
                what.names_only = true;
                r = otrs_ticket_get(op, otrs, ids, &what, ret);
                if (r == MENTIOND_OK && attached_bytes(mj_get(mj_at(*ret, 0), "Article")) < OTRS_ATTACHED)
                        r = mentiond_fail(op, failure,
                                          "the helpdesk did not give the articles of ticket %s with what is attached to them",
                                          ids);
        }
        for (size_t i = 0; r == MENTIOND_OK && i < n; i++)
                if (looks[i].unknown > 0 && !of_ticket(*ret, looks[i].ticket))
                        r = mentiond_fail(op, MENTIOND_RETRY, "the helpdesk answered without the articles of ticket %s",
                                          mj_str(looks[i].ticket, "TicketNumber"));
        return r;
}

int otrs_take_articles(struct mentiond_op *op, struct otrs *otrs, struct json_object *const *tickets, size_t n)
{
        struct look *looks = mentiond_alloc(op, n * sizeof(struct look));
        struct json_object *details;
        size_t unknown = 0;
        int r = MENTIOND_OK;

        for (size_t i = 0; r == MENTIOND_OK && i < n; i++) {
                looks[i] = (struct look) { .ticket = tickets[i], .merges = { .first = "", .last = "" } };
                if (tickets[i])
                        r = look_at(op, otrs, &looks[i]);
                unknown += looks[i].unknown;
        }
        if (r != MENTIOND_OK || unknown == 0)
                return r;
        r = get_merges(op, otrs, looks, n);
        if (r == MENTIOND_OK)
                r = get_details(op, otrs, looks, n, &details);
        for (size_t i = 0; r == MENTIOND_OK && i < n; i++) {
                struct json_object *articles = looks[i].unknown > 0 ? mj_get(of_ticket(details, tickets[i]), "Article") : NULL;

                for (size_t k = 0; k < mj_len(articles); k++) {
                        struct json_object *article = oldest(articles, k);

                        if (is_agents(article) && !mentiond_knows_article(op, mj_str(article, "ArticleID")))
                                emit(op, tickets[i], article, &looks[i].merges);
                }
        }
        return r;
}

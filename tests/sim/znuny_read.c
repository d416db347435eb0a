/* SPDX-License-Identifier: MIT
 *
 * What of the model of Znuny's Generic Interface only reads: search keys are ignored where they are unknown, and articles
 * come newest first only where their number is limited.  Owns the record of what is shown by answers on their way.
 */
#include "znuny.h"

#include "base/buffer.h"

#include <strings.h>

void znuny_put_id(struct json_object *o, const char *name, int index, bool as_text)
{
        if (as_text)
                put_owned(o, name, xasprintf("%d", index + 1));
        else
                mj_put_int(o, name, index + 1);
}

static void add_file(struct json_object *list, const char *name, const char *type, const char *disposition, const char *content,
                     bool with_content)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "Filename", name);
        mj_put_str(o, "ContentType", type);
        mj_put_str(o, "Disposition", disposition);
        put_owned(o, "FilesizeRaw", xasprintf("%zu", strlen(content)));
        put_owned(o, "Content", base64(with_content ? content : ""));
        (void) json_object_array_add(list, o);
}

static void add_files(struct json_object *o, const struct article *a, struct json_object *query)
{
        struct json_object *list = json_object_new_array();
        bool contents = mj_int(query, "GetAttachmentContents", 1) == 1;

        if (a->rich && mj_int(query, "HTMLBodyAsAttachment", 0) == 1) {
                struct buffer b = { .max = 1 << 20 };

                (void) buffer_append_str(&b, "<!DOCTYPE html><html><head></head><body>");
                for (const char *p = a->body; *p; p++)
                        (void) (*p == '\n' ? buffer_append_str(&b, "<br/>") : *p == '<' ? buffer_append_str(&b, "&lt;")
                                : *p == '&' ? buffer_append_str(&b, "&amp;") : buffer_append(&b, p, 1));
                (void) buffer_append_str(&b, "</body></html>");
                add_file(list, "file-2", "text/html; charset=\"utf-8\"", "inline", buffer_str(&b), contents);
                buffer_done(&b);
        }
        for (int i = 0; i < a->attachments; i++)
                add_file(list, "contract.pdf", "application/pdf", "attachment", "x", contents);
        if (mj_len(list))
                json_object_object_add(o, "Attachment", list);
        else
                (void) json_object_put(list);
}

static void add_field(struct json_object *o, const char *name, const char *value)
{
        struct json_object *list = mj_get(o, "DynamicField"), *f = json_object_new_object();

        if (!list)
                json_object_object_add(o, "DynamicField", list = json_object_new_array());
        mj_put_str(f, "Name", name);
        if (*value)
                mj_put_str(f, "Value", value);
        else
                json_object_object_add(f, "Value", NULL);
        (void) json_object_array_add(list, f);
}

static void add_fields(struct json_object *o, const struct ticket *t)
{
        add_field(o, "SocialNetwork", t->network);
        add_field(o, "SocialThread", t->thread);
}

static int number_of(enum desk_user user)
{
        static const int numbers[] = { [NOBODY] = 1, [AGENT] = 2, [DAEMON] = 3, [OTHER_AGENT] = 4 };

        return numbers[user];
}

static struct json_object *article_json(int i, struct json_object *query)
{
        const struct article *a = &desks.articles[i];
        struct json_object *o = json_object_new_object();

        mj_put_int(o, "ArticleID", i + 1);
        mj_put_int(o, "TicketID", a->ticket + 1);
        mj_put_str(o, "SenderType", a->agent ? "agent" : "customer");
        mj_put_str(o, "CommunicationChannel", "Internal");
        mj_put_int(o, "IsVisibleForCustomer", a->visible);
        mj_put_str(o, "From", a->from);
        mj_put_str(o, "Subject", a->subject);
        if (a->rich)                     /* what the helpdesk makes of it, with footnotes */
                put_owned(o, "Body", xasprintf("\n[1]%s\n\n[1] https://acme.example/\n", a->body));
        else
                mj_put_str(o, "Body", a->body);
        put_owned(o, "CreateTime", znuny_time(a->created));
        put_owned(o, "ChangeTime", znuny_time(a->changed));
        mj_put_int(o, "CreateBy", number_of(a->create_by));
        mj_put_int(o, "ChangeBy", number_of(a->change_by));
        mj_put_int(o, "IncomingTime", (UTC_START + a->created) / USEC_PER_SEC);
        if (mj_int(query, "DynamicFields", 0) == 1)
                add_field(o, "SocialPost", a->key);
        if (mj_int(query, "Attachments", 0) == 1)
                add_files(o, a, query);
        return o;
}

static void add_articles(struct json_object *o, const struct request *q, int ticket)
{
        struct json_object *senders = mj_get(q->body, "ArticleSenderType");
        bool agents = streq(strempty(json_object_get_string(mj_len(senders) ? mj_at(senders, 0) : senders)), "agent");
        int64_t limit = mj_int(q->body, "ArticleLimit", 0);
        struct json_object *list = json_object_new_array();
        int n = 0;

        for (int k = 0; k < desks.n_articles; k++) {
                int i = limit > 0 ? desks.n_articles - 1 - k : k;        /* newest first only where the number is limited */
                const struct article *a = &desks.articles[i];

                if (a->ticket != ticket || a->gone || a->shown_usec > sim.now || (agents && !a->agent) || (limit > 0 && n >= limit))
                        continue;
                n++;
                (void) json_object_array_add(list, article_json(i, q->body));
                desk_tell(i);
        }
        if (n)
                json_object_object_add(o, "Article", list);
        else
                (void) json_object_put(list);
}

int64_t znuny_changed_usec(int ticket)
{
        int64_t changed = MAX(desks.tickets[ticket].created, desks.tickets[ticket].closed);

        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].ticket == ticket)
                        changed = MAX(changed, desks.articles[i].changed);
        return changed;
}

struct answer znuny_get(const struct request *q)
{
        struct json_object *list = json_object_new_array(), *o = json_object_new_object();

        json_object_object_add(o, "Ticket", list);
        for (const char *id = mj_str(q->body, "TicketID"); *id; id += strcspn(id, ","), id += *id == ',') {
                int ticket = desk_ticket(q, id);
                const struct ticket *t = &desks.tickets[MAX(ticket, 0)];
                struct json_object *one;

                if (ticket < 0) {
                        (void) json_object_put(o);
                        return znuny_error("TicketGet", "AccessDenied", "User does not have access to the ticket!");
                }
                desk_shows(ticket);
                one = json_object_new_object();
                znuny_put_id(one, "TicketID", ticket, false);
                put_owned(one, "TicketNumber", znuny_number(ticket));
                put_owned(one, "Changed", znuny_time(znuny_changed_usec(ticket)));
                mj_put_str(one, "Title", t->title);
                mj_put_str(one, "StateType", t->state);
                mj_put_str(one, "State", streq(t->state, "closed") ? "closed successful" : t->state);
                mj_put_str(one, "CustomerUserID", t->customer);
                mj_put_str(one, "CustomerID", "");
                if (mj_int(q->body, "DynamicFields", 0) == 1)
                        add_fields(one, t);
                if (mj_int(q->body, "AllArticles", 0) == 1)
                        add_articles(one, q, ticket);
                (void) json_object_array_add(list, one);
        }
        return desk_tells(o);
}

static bool has_newer(int ticket, int64_t since, const char *date)
{
        for (int i = desks.n_articles - 1; i >= 0; i--) {
                const struct article *a = &desks.articles[i];
                _cleanup_free_ char *created = *date ? znuny_time(a->created) : NULL;

                if (a->ticket == ticket && a->created >= since && a->shown_usec <= sim.now && (!created || strcmp(created, date) >= 0))
                        return true;
        }
        return false;
}

/* Also of one that has been opened again since. */
static bool is_closed_since(const struct ticket *t, struct json_object *query)
{
        const char *date = mj_str(query, "TicketCloseTimeNewerDate");
        int64_t minutes = mj_int(query, "TicketCloseTimeNewerMinutes", -1);
        _cleanup_free_ char *closed = znuny_time(t->closed);

        if (minutes < 0 && !*date)
                return true;
        return t->closed && (minutes < 0 || t->closed >= sim.now - minutes * USEC_PER_MINUTE) && strcmp(closed, date) >= 0;
}

static void add_id(struct json_object *list, int ticket)
{
        _cleanup_free_ char *id = xasprintf("%d", ticket + 1);

        (void) json_object_array_add(list, json_object_new_string(id));
}

static bool is_same(struct json_object *wanted, const char *text)
{
        return strcasecmp(strempty(json_object_get_string(wanted)), text) == 0;
}

/* As a key of a search has it: a value, or one of several; NULL: anything. */
static bool is_wanted(struct json_object *wanted, const char *text)
{
        for (size_t i = 0; i < mj_len(wanted); i++)
                if (is_same(mj_at(wanted, i), text))
                        return true;
        return !wanted || (!json_object_is_type(wanted, json_type_array) && is_same(wanted, text));
}

static bool is_like(const char *pattern, const char *text)
{
        return !*pattern || strncasecmp(pattern, text, strcspn(pattern, "*")) == 0;
}

/* What a search says of a ticket but for times. */
static bool is_found(int ticket, struct json_object *query)
{
        const struct ticket *t = &desks.tickets[ticket];
        struct json_object *thread = mj_get(query, "DynamicField_SocialThread");
        _cleanup_free_ char *number = znuny_number(ticket);

        return is_wanted(mj_get(thread, "Equals"), t->thread) && is_like(mj_str(thread, "Like"), t->thread) &&
               is_wanted(mj_get(query, "TicketNumber"), number) && is_wanted(mj_get(query, "Queues"), "Social") &&
               (!*mj_str(query, "CustomerUserLogin") || streq(mj_str(query, "CustomerUserLogin"), t->customer));
}

struct answer znuny_search(const struct request *q)
{
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        const char *date = mj_str(q->body, "ArticleCreateTimeNewerDate");
        int64_t articles = mj_int(q->body, "ArticleCreateTimeNewerMinutes", -1), tickets = mj_int(q->body, "TicketCreateTimeNewerMinutes", -1);
        int64_t limit = mj_int(q->body, "Limit", 500), n = 0;

        if ((articles >= 0 || *date) && net_is_silent(q->server))
                oracle_rude("a poll of the helpdesk in the silence that it asked for");
        for (int i = desks.n_tickets - 1; i >= 0 && n < limit; i--) {
                const struct ticket *t = &desks.tickets[i];

                if (t->deleted || t->desk != q->server - NETWORKS || !is_found(i, q->body) ||
                    ((articles >= 0 || *date) && !has_newer(i, articles >= 0 ? sim.now - articles * USEC_PER_MINUTE : INT64_MIN, date)) ||
                    (tickets >= 0 && t->created < sim.now - tickets * USEC_PER_MINUTE) || !is_closed_since(t, q->body))
                        continue;
                add_id(list, i);
                n++;
        }
        if (n)
                json_object_object_add(o, "TicketID", list);
        else
                (void) json_object_put(list);
        return znuny_reply(o);
}

static struct json_object *history_json(int ticket)
{
        struct json_object *one = json_object_new_object(), *list = json_object_new_array();

        znuny_put_id(one, "TicketID", ticket, true);
        json_object_object_add(one, "History", list);
        for (int i = 0; i < znuny.n_history; i++) {
                const struct history *h = &znuny.history[i];
                struct json_object *line;

                if (h->ticket != ticket)
                        continue;
                line = json_object_new_object();
                mj_put_int(line, "ArticleID", h->article + 1);
                mj_put_str(line, "HistoryType", h->type);
                mj_put_str(line, "Name", h->name);
                put_owned(line, "CreateTime", znuny_time(h->created));
                znuny_put_id(line, "TicketID", ticket, true);
                (void) json_object_array_add(list, line);
        }
        return one;
}

struct answer znuny_get_history(const struct request *q)
{
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();

        json_object_object_add(o, "TicketHistory", list);
        for (const char *id = mj_str(q->body, "TicketID"); *id; id += strcspn(id, ","), id += *id == ',') {
                int ticket = desk_ticket(q, id);

                if (ticket < 0) {
                        (void) json_object_put(o);
                        return znuny_error("TicketHistoryGet", "AccessDenied", "User does not have access to the ticket!");
                }
                (void) json_object_array_add(list, history_json(ticket));
        }
        return znuny_reply(o);
}

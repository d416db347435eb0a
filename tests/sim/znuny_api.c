/* SPDX-License-Identifier: MIT
 *
 * The model of Znuny's Generic Interface, with the operations of plugins/otrs/mentiond.yml, as facts/znuny.md measured
 * them: errors within 200, no transactions (ticket, fields, article with its line in the history, article's field),
 * types that change.  What reads is in znuny_read.c.  Owns nothing.
 */
#include "znuny.h"

/* --- Answers --- */

struct answer znuny_reply(struct json_object *json)
{
        return (struct answer) { .status = 200, .json = json };
}

struct answer znuny_error(const char *operation, const char *code, const char *message)
{
        struct json_object *o = json_object_new_object(), *e = json_object_new_object();

        happened(ERROR_IN_200);
        put_owned(e, "ErrorCode", xasprintf("%s.%s", operation, code));
        put_owned(e, "ErrorMessage", xasprintf("%s: %s", operation, message));
        json_object_object_add(o, "Error", e);
        return znuny_reply(o);
}

static struct answer fault(void)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "faultcode", "Server");
        mj_put_str(o, "faultstring", "Article could not be created, please contact the system administrator");
        return (struct answer) { .status = 500, .json = o };
}

/* --- Writing --- */

static const char *field_of(struct json_object *body, const char *name)
{
        struct json_object *fields = mj_get(body, "DynamicField");

        for (size_t i = 0; i < mj_len(fields); i++)
                if (streq(mj_str(mj_at(fields, i), "Name"), name))
                        return mj_str(mj_at(fields, i), "Value");
        return "";
}

static struct answer made(int ticket, int article)
{
        struct json_object *o = json_object_new_object();
        bool text = chance(R_NET, 500);

        znuny_put_id(o, "ArticleID", article, text);
        znuny_put_id(o, "TicketID", ticket, text);
        put_owned(o, "TicketNumber", znuny_number(ticket));
        return desk_confirms(article, o);
}

static int make_article(int ticket, struct json_object *body)
{
        struct json_object *a = mj_get(body, "Article");
        int i = znuny_add_article(ticket, streq(mj_str(a, "SenderType"), "agent"), mj_int(a, "IsVisibleForCustomer", 1) == 1,
                            mj_str(a, "From"), mj_str(a, "Subject"), mj_str(a, "Body"), DAEMON);

        znuny_add_history(ticket, i, mj_str(a, "HistoryType"), xstrdup(mj_str(a, "HistoryComment")));
        note("the helpdesk makes article %d in ticket %d: %.80s", i + 1, ticket + 1, mj_str(a, "Body"));
        return i;
}

static void take_files(int article, struct json_object *list)
{
        for (size_t i = 0; i < mj_len(list); i++)
                desk_take_file(article, mj_str(mj_at(list, i), "Filename"), mj_str(mj_at(list, i), "Content"));
}

/* NULL, or what is wrong with the request. */
static const char *judge_files(struct json_object *list)
{
        for (size_t i = 0; i < mj_len(list); i++)
                if (!*mj_str(mj_at(list, i), "Content"))
                        return "Attachment->Content  parameter is missing!";
        return NULL;
}

static struct answer create(const struct request *q)
{
        struct json_object *t = mj_get(q->body, "Ticket"), *attachments = mj_get(q->body, "Attachment");
        int stage = q->fault.stage, ticket, article;

        if (judge_files(attachments))
                return znuny_error("TicketCreate", "MissingParameter", judge_files(attachments));
        ticket = znuny_add_ticket(q->server - NETWORKS, mj_str(t, "Title"), mj_str(t, "CustomerUser"), "new");
        note("the helpdesk makes ticket %d for %s%s", ticket + 1, field_of(q->body, "SocialThread"), stage >= 0 ? ", and breaks off" : "");
        if (stage == 0)
                return fault();
        strset(&desks.tickets[ticket].thread, field_of(q->body, "SocialThread"));
        if (stage == 1)
                return fault();
        article = make_article(ticket, q->body);
        take_files(article, attachments);
        if (stage == 2)
                return fault();
        strset(&desks.articles[article].key, field_of(q->body, "SocialPost"));
        return stage == 3 ? fault() : made(ticket, article);
}

static struct answer update(const struct request *q)
{
        struct json_object *article = mj_get(q->body, "Article");
        const char *state = mj_str(mj_get(q->body, "Ticket"), "State"), *thread = field_of(q->body, "SocialThread");
        int ticket = desk_ticket(q, mj_str(q->body, "TicketID")), stage = q->fault.stage, i;
        struct json_object *o;

        if (ticket < 0)
                return znuny_error("TicketUpdate", "AccessDenied", "User does not have access to the ticket!");
        if (judge_files(mj_get(q->body, "Attachment")))
                return znuny_error("TicketUpdate", "MissingParameter", judge_files(mj_get(q->body, "Attachment")));
        if (*state)
                desks.tickets[ticket].state = "open";
        if (stage == 0)
                return fault();
        if (*thread)
                strset(&desks.tickets[ticket].thread, thread);
        if (stage == 1)
                return fault();
        if (!article) {
                o = json_object_new_object();
                znuny_put_id(o, "TicketID", ticket, true);
                put_owned(o, "TicketNumber", znuny_number(ticket));
                return znuny_reply(o);
        }
        i = make_article(ticket, q->body);
        take_files(i, mj_get(q->body, "Attachment"));
        if (stage == 2)
                return fault();
        strset(&desks.articles[i].key, field_of(q->body, "SocialPost"));
        return stage == 3 ? fault() : made(ticket, i);
}

/* --- Sessions, and who is asked --- */

static struct answer login(const struct request *q)
{
        const struct desk *d = &desks.all[q->server - NETWORKS];
        struct json_object *o;

        if (d->locked_out || !streq(mj_str(q->body, "Password"), "the-password"))
                return znuny_error("SessionCreate", "AuthFail", "Authorization failing!");
        o = json_object_new_object();
        put_owned(o, "SessionID", xasprintf("session-%d", d->session));
        return znuny_reply(o);
}

struct answer znuny_handle(const struct request *q)
{
        static const struct {
                const char *name;
                struct answer (*fn)(const struct request *q);
        } operations[] = {
                { "TicketCreate", create }, { "TicketUpdate", update }, { "TicketGet", znuny_get }, { "TicketSearch", znuny_search },
                { "TicketHistoryGet", znuny_get_history },
        };
        const char *name = strrchr(q->path, '/') + 1;
        const struct desk *d = &desks.all[q->server - NETWORKS];
        _cleanup_free_ char *session = xasprintf("session-%d", d->session);

        if (streq(name, "SessionCreate"))
                return login(q);
        for (size_t i = 0; i < ELEMENTSOF(operations); i++)
                if (streq(operations[i].name, name)) {
                        if (d->locked_out || !streq(mj_str(q->body, "SessionID"), session))
                                return znuny_error(name, "AuthFail", "Authorization failing!");
                        return operations[i].fn(q);
                }
        return (struct answer) { .status = 500, .text = xstrdup("Could not determine Operation for URL") };
}

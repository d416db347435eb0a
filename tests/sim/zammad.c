/* SPDX-License-Identifier: MIT
 *
 * The model of Zammad: what is its own in tickets and articles, its users and links, and what agents do.  As facts/zammad.md
 * has it: whatever is written makes its ticket younger, to the millisecond; a merge moves articles and touches them, leaves a
 * public note behind and a link; others see what is written when it is committed.  Owns all of it; the daemon gets at it
 * through zammad_api.c.
 */
#include "zammad.h"

struct zammad zammad;

static struct zammad_ticket *tickets;
static struct zammad_article *articles;
static int n_tickets, n_articles;

const struct zammad_name zammad_groups[] = { { GROUP_USERS, "Users" }, { GROUP_SOCIAL, "Social" }, { 0, NULL } };
const struct zammad_name zammad_states[] = {
        { 1, "new" }, { 2, "open" }, { 3, "pending reminder" }, { 4, "closed" }, { 5, "merged" }, { 6, "pending close" },
        { 0, NULL },
};
const struct zammad_name zammad_priorities[] = { { 1, "1 low" }, { 2, "2 normal" }, { 3, "3 high" }, { 0, NULL } };
const struct zammad_name zammad_types[] = {
        { 1, "email" }, { 5, "phone" }, { 6, "twitter status" }, { 8, "facebook feed post" }, { 10, "note" }, { 11, "web" },
        { 0, NULL },
};
const struct zammad_name zammad_senders[] = { { 1, "Agent" }, { 2, "Customer" }, { 3, "System" }, { 0, NULL } };

int zammad_id(const struct zammad_name *list, const char *name)
{
        for (; list->name; list++)
                if (streq(list->name, name))
                        return list->id;
        return 0;
}

const char *zammad_name_of(const struct zammad_name *list, int id)
{
        while (list->name && list->id != id)
                list++;
        return strempty(list->name);
}

/* What is made by the common part gets its place here when it is asked for. */
struct zammad_ticket *zammad_ticket(int ticket)
{
        if (n_tickets < desks.n_tickets) {
                tickets = xrealloc(tickets, (size_t) desks.n_tickets * sizeof *tickets);
                memset(tickets + n_tickets, 0, (size_t) (desks.n_tickets - n_tickets) * sizeof *tickets);
                n_tickets = desks.n_tickets;
        }
        return &tickets[ticket];
}

struct zammad_article *zammad_article(int article)
{
        if (n_articles < desks.n_articles) {
                articles = xrealloc(articles, (size_t) desks.n_articles * sizeof *articles);
                memset(articles + n_articles, 0, (size_t) (desks.n_articles - n_articles) * sizeof *articles);
                n_articles = desks.n_articles;
        }
        return &articles[article];
}

/* --- Users --- */

int zammad_find_user(int desk, const char *login)
{
        for (int i = 0; i < zammad.n_users; i++) {
                const struct zammad_user *u = &zammad.users[i];

                if ((u->desk < 0 || u->desk == desk) && *login && strcasecmp(u->login, login) == 0)
                        return i + 1;
        }
        return 0;
}

int zammad_add_user(int desk, const char *login, const char *firstname, const char *lastname)
{
        struct zammad_user u = {
                .desk = desk, .firstname = xstrdup(firstname), .lastname = xstrdup(lastname), .email = xstrdup(""), .created = sim.now,
                .login = *login ? xstrdup(login) : xasprintf("auto-7559dbea-3c67-4261-a60f-%012d", zammad.n_users),
        };
        char *blank = strchr(u.firstname, ' ');

        for (char *p = u.login; *p; p++)
                *p = (char) (*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
        if (!*u.lastname && blank) {
                strset(&u.lastname, blank + 1);
                *blank = '\0';
        }
        zammad.users = xrealloc(zammad.users, (size_t) (zammad.n_users + 1) * sizeof u);
        zammad.users[zammad.n_users++] = u;
        return zammad.n_users;
}

const char *zammad_login(int user)
{
        return user ? zammad.users[user - 1].login : "";
}

char *zammad_name(int user)
{
        const struct zammad_user *u = &zammad.users[user - 1];

        return xasprintf("%s%s%s", u->firstname, *u->firstname && *u->lastname ? " " : "", u->lastname);
}

enum desk_user zammad_role(int user)
{
        return user == BOT_ID ? DAEMON : user == AGENT_ID ? AGENT : user == ADMIN_ID ? OTHER_AGENT : NOBODY;
}

static int user_of(enum desk_user role)
{
        return role == DAEMON ? BOT_ID : role == AGENT ? AGENT_ID : role == OTHER_AGENT ? ADMIN_ID : 1;
}

bool zammad_has_attribute(const char *name)
{
        for (int i = 0; i < zammad.n_migrated; i++)
                if (streq(zammad.attributes[i], name))
                        return true;
        return false;
}

/* --- Tickets and articles --- */

/* Two transactions on one ticket come one after the other, and so have two times. */
void zammad_touch(int ticket, int by, int64_t lag)
{
        struct zammad_ticket *t = zammad_ticket(ticket);

        if (t->shown <= sim.now)
                t->before = t->updated;
        t->updated = MAX(sim.now, t->updated + USEC_PER_MSEC);
        t->shown = MAX(t->shown, sim.now + lag);
        t->updated_by = by;
}

int64_t zammad_updated(int ticket)
{
        const struct zammad_ticket *t = zammad_ticket(ticket);

        return t->shown > sim.now ? t->before : t->updated;
}

int zammad_add_ticket(int desk, const char *title, int customer, int group, int by)
{
        int i = desk_add_ticket(desk, title, zammad_login(customer), "new");

        *zammad_ticket(i) = (struct zammad_ticket) {
                .number = xasprintf("92%03d", i + 1), .group = group, .priority = 2, .owner = 1, .customer = customer,
                .created_by = by, .updated_by = by, .fields = json_object_new_object(), .preferences = json_object_new_object(), .tags = json_object_new_array(),
                .updated = sim.now, .before = sim.now, .shown = sim.now,
        };
        return i;
}

/* Only what is said to somebody counts as a response; a note is said to nobody. */
static bool is_communication(int type)
{
        return type != zammad_id(zammad_types, "note");
}

/* Whose name it is under. */
static char *from_of(int origin, int by, int type)
{
        _cleanup_free_ char *name = zammad_name(origin ? origin : by);

        return type == zammad_id(zammad_types, "email") ? xasprintf("%s via Acme Support <support@acme.test>", name) : TAKE_PTR(name);
}

int zammad_add_article(int ticket, int by, int sender, int type, bool internal, const char *body)
{
        struct zammad_ticket *t = zammad_ticket(ticket);
        int origin = sender == SENDER_CUSTOMER ? t->customer : 0;
        _cleanup_free_ char *from = from_of(origin, by, type);
        int i = desk_add_article(ticket, sender != SENDER_CUSTOMER, !internal, from, "", body, zammad_role(by));
        struct article *a = &desks.articles[i];

        *zammad_article(i) = (struct zammad_article) {
                .type = type, .sender = sender, .origin = origin, .created_by = by, .updated_by = by, .message_id = xstrdup(""),
                .content_type = xstrdup("text/plain"), .to = xstrdup(""), .reply_to = xstrdup(""), .in_reply_to = xstrdup(""), .references = xstrdup(""),
                .preferences = json_object_new_object(),
        };
        /* A request is answered when all of it is committed, which may take long where others wait for the same rows. */
        if (by == BOT_ID)
                a->shown_usec = sim.now;
        else if (chance(R_PEOPLE, 60))
                a->shown_usec = sim.now + below(R_PEOPLE, 100 * USEC_PER_SEC);
        zammad_touch(ticket, by, a->shown_usec - sim.now);
        if (by != BOT_ID)
                a->shown_usec = MAX(a->shown_usec, t->shown);
        if (!t->create_type) {
                t->create_type = type;
                t->create_sender = sender;
        }
        if (sender == SENDER_CUSTOMER && (!t->last_customer || t->last_agent > t->last_customer))
                t->last_customer = sim.now;
        if (sender != SENDER_AGENT || !is_communication(type))
                return i;
        t->last_agent = sim.now;
        if (!internal && !t->first_response)
                t->first_response = sim.now;
        if (streq(desks.tickets[ticket].state, "new"))
                desks.tickets[ticket].state = "open";
        return i;
}

/* --- What agents do --- */

/* Mostly a note; or what he said to somebody by mail or on the phone. */
static int write_note(int ticket, bool visible, const char *body)
{
        const char *type = visible && chance(R_PEOPLE, 60) ? (chance(R_PEOPLE, 500) ? "phone" : "email") : "note";
        int i = zammad_add_article(ticket, AGENT_ID, SENDER_AGENT, zammad_id(zammad_types, type), !visible, body);

        desks.articles[i].elsewhere = !streq(type, "note");
        if (desks.articles[i].elsewhere)
                happened(SAID_ELSEWHERE);
        return i;
}

static void show(int article)
{
        struct article *a = &desks.articles[article];

        zammad_article(article)->updated_by = user_of(a->change_by);
        zammad_touch(a->ticket, user_of(a->change_by), 0);
}

static void merge(int ticket, int into)
{
        int i = zammad_add_article(ticket, AGENT_ID, SENDER_AGENT, zammad_id(zammad_types, "note"), false, "merged");

        desks.articles[i].shown_usec = sim.now;
        for (i = 0; i < zammad.n_links; i++) {
                struct zammad_link *l = &zammad.links[i];

                l->parent = l->parent == ticket ? into : l->parent;
                l->child = l->child == ticket ? into : l->child;
        }
        zammad.links = xrealloc(zammad.links, (size_t) (zammad.n_links + 1) * sizeof *zammad.links);
        zammad.links[zammad.n_links++] = (struct zammad_link) { into, ticket, false };
        zammad_ticket(ticket)->owner = 1;
        zammad_touch(ticket, AGENT_ID, 0);
        zammad_touch(into, AGENT_ID, 0);
}

static void set_state(int ticket, const char *state)
{
        if (streq(state, "closed"))
                zammad_ticket(ticket)->closed = sim.now;
        zammad_touch(ticket, AGENT_ID, 0);
}

/* Somebody who has an address, in the group of all. */
static int call(int desk)
{
        int customer = zammad_find_user(desk, "somebody"), t;

        if (!customer)
                customer = zammad_add_user(desk, "somebody", "Somebody", "");
        t = zammad_add_ticket(desk, "A call by phone", customer, GROUP_SOCIAL, AGENT_ID);
        (void) zammad_add_article(t, AGENT_ID, SENDER_CUSTOMER, zammad_id(zammad_types, "phone"), false, "He called");
        desks.tickets[t].state = "open";
        return t;
}

/* The links go with the ticket. */
static void take_away(int ticket)
{
        zammad_ticket(ticket)->moved_away = chance(R_PEOPLE, 500);
        for (int i = 0; i < zammad.n_links && !zammad_ticket(ticket)->moved_away; i++)
                if (zammad.links[i].parent == ticket || zammad.links[i].child == ticket)
                        zammad.links[i] = (struct zammad_link) { -1, -1, false };
}

static void upset(int desk)
{
        static const char *const what[] = {
                "is in maintenance", "has a field that agents must fill in", "has workers that do not know the attribute",
        };
        int dice = (int) below(R_CRASH, ELEMENTSOF(what));
        struct zammad_desk *d = &zammad.desks[desk];

        if (dice == 0)
                d->maintenance = true;
        else if (dice == 1)
                d->mandatory = "product_line";
        else
                d->stale = true;
        d->lock = (enum zammad_lock) below(R_CRASH, _LOCKS);     /* if it comes to that */
        happened(dice == 0 ? MAINTENANCE : dice == 1 ? MANDATORY_FIELD : STALE_WORKERS);
        note("*** %s %s", desks.all[desk].name, what[dice]);
}

static void calm(int desk)
{
        struct zammad_desk *d = &zammad.desks[desk];

        d->maintenance = d->stale = false;
        d->mandatory = NULL;
}

/* Whatever is done is done whole. */
static bool remembers(const char *key _unused_)
{
        return false;
}

static bool is_answered(int ticket)
{
        return zammad_ticket(ticket)->first_response && !streq(desks.tickets[ticket].state, "new");
}

static const char *mention_in(struct json_object *body)
{
        struct json_object *article = mj_get(body, "article") ? mj_get(body, "article") : body;

        return streq(mj_str(article, "sender"), "Customer") ? mj_str(article, "body") : "";
}

static void open_desk(int desk _unused_)
{
        static const char *const people[][3] = {
                { "-", "-", "" }, { "nicole.braun@zammad.org", "Nicole", "Braun" }, { "admin@acme.test", "Ada", "Admin" },
                { "alice@acme.test", "Alice", "Agent" }, { "mentiond@acme.test", "Mention", "Daemon" },
        };

        if (zammad.n_users)
                return;
        zammad.attributes[zammad.n_attributes++] = xstrdup("mentiond_thread");
        zammad.n_migrated = zammad.n_attributes;
        for (size_t i = 0; i < ELEMENTSOF(people); i++) {
                int user = zammad_add_user(-1, people[i][0], people[i][1], people[i][2]);

                zammad.users[user - 1].agent = user >= ADMIN_ID;
        }
}

static char *settings(const char *name, bool queue)
{
        return xasprintf("plugin = \"zammad\"; url = \"https://%s.example\"; token = \"env:SIM_TOKEN\";%s", name,
                         queue ? " group = \"Social\";" : "");
}

const struct desk_kind zammad_kind = {
        .open = open_desk, .settings = settings, .handle = zammad_handle, .mention_in = mention_in, .write = write_note, .show = show,
        .merge = merge, .set_state = set_state, .call = call, .remove = take_away, .upset = upset, .calm = calm, .remembers = remembers,
        .is_answered = is_answered, .notes_in_public = true, .retracts = true,
};

/* SPDX-License-Identifier: MIT
 * What the files of the model of Zammad share. */
#ifndef ZAMMAD_H
#define ZAMMAD_H

#include "desk.h"

enum { GROUP_USERS = 1, GROUP_SOCIAL };
enum { ADMIN_ID = 3, AGENT_ID, BOT_ID };             /* of users; 1 is nobody, 2 is not used */
enum { SENDER_AGENT = 1, SENDER_CUSTOMER, SENDER_SYSTEM };

/* Numbers are ids, as the API has them; 0: none. */
struct zammad_user {
        int desk;                        /* -1: of all */
        char *login, *firstname, *lastname, *email;
        bool agent, inactive;
        int64_t created;
};
struct zammad_ticket {
        char *number;
        int group, priority, owner, customer, create_type, create_sender, created_by, updated_by;
        struct json_object *fields, *preferences, *tags;         /* fields: attributes of its own, as an administrator made them */
        int64_t updated;                 /* true time */
        int64_t shown, before;           /* until this is committed, others see the time before */
        int64_t first_response, closed, last_agent, last_customer;
        bool moved_away;                 /* to a group in which the daemon has no rights */
};
struct zammad_article {
        int type, sender, origin, created_by, updated_by;
        char *message_id, *content_type, *to, *reply_to, *in_reply_to, *references;
        struct json_object *preferences;
};
struct zammad_link { int parent, child; bool equal; };       /* tickets, by index; equal: none is the other's parent */

struct zammad {
        struct zammad_user *users;       /* id 1 is the first */
        int n_users;
        struct zammad_link *links;
        int n_links;
        struct zammad_desk {
                bool maintenance;
                const char *mandatory;   /* an attribute that an administrator wants on every ticket; NULL or "": none */
                bool stale;              /* most workers do not know our attribute: they have not been restarted since */
                enum zammad_lock { TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_WEAK, TOKENS_OFF, _LOCKS } lock;  /* why nobody gets in */
        } desks[DESKS];
        char *attributes[8];
        int n_attributes, n_migrated;
        const char *wanted;              /* mandatory once it is migrated */
};
extern struct zammad zammad;

/* Of desks.tickets and desks.articles, by the same index. */
struct zammad_ticket *zammad_ticket(int ticket);
struct zammad_article *zammad_article(int article);

int zammad_add_ticket(int desk, const char *title, int customer, int group, int by);
int zammad_add_article(int ticket, int by, int sender, int type, bool internal, const char *body);
int zammad_add_user(int desk, const char *login, const char *firstname, const char *lastname);
int zammad_find_user(int desk, const char *login);   /* its id; 0: there is none */
char *zammad_name(int user);                         /* malloced; of a person */
const char *zammad_login(int user);
void zammad_touch(int ticket, int by, int64_t lag);
enum desk_user zammad_role(int user);
int64_t zammad_updated(int ticket);                  /* as others see it */
bool zammad_has_attribute(const char *name);

/* Names and numbers of what there is. */
struct zammad_name { int id; const char *name; };
extern const struct zammad_name zammad_groups[], zammad_states[], zammad_priorities[], zammad_types[], zammad_senders[];
int zammad_id(const struct zammad_name *list, const char *name);         /* 0: there is none */
const char *zammad_name_of(const struct zammad_name *list, int id);

/* zammad_api.c */
struct answer zammad_handle(const struct request *q);
struct answer zammad_reply(int status, struct json_object *json);
struct answer zammad_refuse(int status, char *error);    /* takes it */
struct answer zammad_opaque(int status);             /* for the administrator's eyes */
bool zammad_may_see(int user, int ticket);
int zammad_ticket_of(const struct request *q, const char *id, int by, struct answer *ret_refusal);       /* -1: refused */
bool zammad_is_stale(int desk);                      /* the worker that got this request */

/* zammad_write.c; by: the user's id */
struct answer zammad_create_ticket(const struct request *q, int by);
struct answer zammad_update_ticket(const struct request *q, int by, int ticket);
struct answer zammad_create_article(const struct request *q, int by);
struct answer zammad_update_article(const struct request *q, int by, int article);
struct answer zammad_create_user(const struct request *q, int by);

/* zammad_read.c */
struct json_object *zammad_ticket_json(int ticket, bool expand, bool articles);
struct json_object *zammad_article_json(int article);
struct json_object *zammad_user_json(int user);
struct json_object *zammad_whole_json(int ticket);   /* with all around it */
struct json_object *zammad_links_json(int ticket);
struct json_object *zammad_states_json(void);
bool zammad_is_in(int article, int ticket);          /* as others see it */

/* zammad_search.c */
struct answer zammad_search_tickets(const struct request *q, int by);

#endif

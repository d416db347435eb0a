/* SPDX-License-Identifier: MIT
 * The model networks: what they have in common, whatever their kind.  The oracle and the people know no more of them. */
#ifndef SOCIAL_H
#define SOCIAL_H

#include "sim.h"

struct status {
        char *id, *text, *spoiler;
        char **versions;                 /* earlier texts */
        int n_versions;
        int network, account, parent;    /* parent -1: none */
        int root;
        char visibility;                 /* u public, l unlisted, f followers, d direct */
        int64_t created, edited;
        bool names_brand, deleted, by_api, chain_broken, spam;
        bool liked, boosted;             /* by the brand */
        bool faceless;                   /* it was shown without its author */
        bool uncalled;                   /* its author has taken the brand's name out of it */
        bool no_aside;                   /* it cannot be answered for its author alone, or not again */
        bool silent;                     /* nothing tells that it was changed, or that the brand wrote it */
        int64_t sent, sent_jump;         /* by_api: when the request left; the daemon's clock, as in sim.jump */
        uint32_t right;                  /* enum mentiond_reply_right */
        int64_t until;                   /* UTC; 0: no end */
        bool tells_right;                /* the network itself */
        int64_t deleted_usec;
        char *key;
        char *json;                      /* as the API shows it; NULL: to be made */
        int media, n_media;              /* the number of the first file */
        int failed_fetches, failed_filings;
        bool edit_hidden;                /* nothing has told the brand of its last edit */
        int notification;                /* -1: none */
};
struct notification {
        int network;
        int status;                      /* -1: of another type */
        int64_t created, visible;
        bool gone, optional, taken, dropped_out;
        int64_t first_shown;             /* 0: not yet */
        int shown_incarnation;
        int64_t shown;                   /* last */
        int first_poll, first_incarnation;       /* by which it was first shown */
        bool looked;                     /* where a poll looks at what it was shown: it has, for all of its page */
        int64_t first_began;             /* when that poll began */
        int64_t sure_shown;              /* first to a daemon that did not die before it could store it */
        int sure_poll;
};
struct account { const char *id, *acct, *name; bool bot; };

/* What a kind of network is like, and what it does in a way of its own; what is NULL or false it does not. */
struct network_kind {
        const char *name;                /* as --network has it */
        const char *host;                /* of its API; NULL: each network has one of its own */
        const char *visibilities;        /* of posts, each letter as likely as the others */
        void (*open)(void);              /* before anything lives */
        char *(*settings)(int network);  /* of its instance, beside those that all have; malloced */
        char *(*id)(int network, int number);            /* of a new post; malloced */
        char *(*handle)(int network, int account);       /* as an answer begins with it; "": it does not; malloced */
        char *(*text)(int network, const char *text);    /* of a post that names the brand; malloced.  NULL: "@brand " before it */
        struct answer (*answer)(const struct request *q);
        void (*on_fault)(const struct request *q);       /* a request to it that goes wrong in some way */
        int (*find)(int network, const char *id);        /* the post that the plugin knows by this id; -1: there is none */
        void (*posted)(int status);      /* it is there, now; may say otherwise where it stands, whom it names, and whether the brand is shown it */
        void (*edited)(int status);      /* by its author */
        char *(*failure)(int status, int64_t retry_after);       /* what it says of one, malloced; NULL: as Mastodon, and a 429 in headers */
        bool (*is_apart)(const struct request *q);       /* a 429 to it is none to polls */
        void (*deleted)(int status);     /* it is gone, now */
        int files;                       /* most of a post; 0: as many as people like */
        int window;                      /* so many of the newest notifications it keeps; 0: all */
        bool has_keys;                   /* what arrives again with the same key within an hour is one post */
        bool in_seconds;                 /* it tells times so */
        bool drops_parents;              /* what answers a post that is gone stands by itself */
        bool all_public;                 /* answers, too */
        bool hears_all;                  /* the brand is shown every post, whether it names it or not */
        bool no_aside;                   /* nothing can be said aside, but in answer to what was */
        bool is_watched;                 /* nobody can answer there, and nothing answers anything */
        bool has_media;                  /* posts have files of the server "media" */
        bool is_blind;                   /* what was posted cannot be looked for */
        bool refuses_twice;              /* it takes no text that it has */
        bool renumbers;                  /* a post that was edited has another id, which what answers it tells */
        bool pays;                       /* for what it asks, and writes down how much */
        bool finds_all;                  /* what was posted can be found by its name, at once */
        bool looks_twice;                /* who polls needs another answer to take what a page shows */
        bool looks_below;                /* who polls asks for more of it before the rest of the page is taken */
        bool tells_rights;               /* what can be answered, by itself: the plugin passes it on */
        bool (*bars)(int status, const char *reason);    /* whether an answer to it may be refused so; -1: to an old one */
        int64_t (*claimed)(int status);  /* UTC: when it was made, by its author's word.  NULL: the network's own */
        bool (*may_hide)(int status);    /* its author hid it from the brand, at some time */
        bool (*is_untold)(int status);   /* it is for the brand, and no notification says so */
        bool hides_edits, hides_deletions, hides_own;    /* nothing tells them to the brand's account */
};
extern const struct network_kind mastodon_kind, gotosocial_kind, snac_kind;
extern const struct network_kind bluesky_kind, exec_kind, facebook_kind, feed_kind, telegram_kind, x_kind;
extern const struct network_kind *const network_kinds[];         /* all but those with Mastodon's API; NULL after the last */
extern const struct network_kind *const fediverse_kinds[];       /* those */
const struct network_kind *network_named(const char *name);      /* NULL: there is none */
extern const struct network_kind *social_kind;       /* of each world's first network; NULL: it is drawn among fediverse_kinds, as the others are */

struct network {
        const char *name, *host;         /* of its instance */
        const struct network_kind *kind;
        int page;                        /* most items of a page */
        int desk;                        /* where its mentions go */
        int n_posts;
        bool revoked;                    /* the token */
        int64_t right_usec;              /* when it was right again */
        bool baseline;                   /* the daemon has learned what is old */
        int polls, poll_incarnation;
        int64_t poll_began;
        bool poll_failed;                /* the last of this daemon */
};
struct social {
        struct network networks[NETWORKS];
        int n_networks;
        struct status *statuses;         /* of all */
        int n_statuses;
        struct notification *notifications;
        int n_notifications;
        uint64_t renewals;               /* of tokens, which the daemon has to keep: each is a commit */
};
extern struct social social;
extern const struct account accounts[];
enum { BRAND = 0, N_ACCOUNTS = 7 };

void social_init(void);
int social_post(int network, int account, int parent, bool names_brand, char visibility, const char *text, const char *spoiler);
void social_edit(int status, const char *text);
void social_delete(int status);
void social_other_notification(int network);
void media_add(int status, int n);
const char *account_handle(int network, int account);    /* as others write it */
const char *handle_of(int status);                   /* of its author */
const char *social_first_text(int status);           /* before it was edited */
int social_find(int network, const char *id);        /* the post that the daemon knows by it; -1: there is none */

/* --- shown.c: what polls began, and which notifications their pages have shown --- */

void shown_asked(int network);
void shown_poll(int network);
void shown_failed(const char *line);                 /* of the daemon's log: a poll did */
int shown_page(const int *notifications, int n);     /* its number, for answer.delivered */
void shown_delivered(int page);                      /* for answer.on_delivery */

/* --- media.c --- */

char *media_url(int file);                           /* malloced */
char *media_content(int file);                       /* malloced */
bool media_is_good(int file);                        /* the server has it, and it is what a ticket may hold */
struct json_object *media_json(const struct status *s);
struct answer media_handle(const struct request *q);
void media_on_fault(const struct request *q);
int media_failures(int file);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The benchmarks' server, between its own files: server.c (requests, what the benchmark asks for), network.c (the accounts),
 * desk.c (the helpdesk), text.c. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <inttypes.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

enum {
        ACCOUNTS_MAX = 128,
        PAGE_MAX = 40,                   /* mentions, as Mastodon's own limit is for most lists */
        TEXT_MAX = 4000,                 /* characters of a mention */
        BODY_MAX = 1024 * 1024,          /* of a request */
};
#define FIRST_ID INT64_C(110000000000000000)     /* mention n of an account is FIRST_ID + n */

/* Text that grows.  Out of memory ends the process. */
struct text {
        char *data;
        size_t n, room;
};
void text_need(struct text *t, size_t more);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_time(struct text *t, int64_t usec);        /* a JSON string */

/* Numbers by (account, number of the mention), 0 where none was set. */
struct tally {
        struct {
                int32_t *numbers;
                int64_t n;
        } of[ACCOUNTS_MAX];
};
int32_t *tally_at(struct tally *t, int64_t account, int64_t mention);    /* NULL if that cannot be */
void tally_clear(struct tally *t);

/* The value of the first member of this name, wherever it stands; NULL if there is none.  What is between quotes in a
 * value cannot be taken for a member, as its quotes are escaped. */
const char *json_member(const char *body, const char *name);

/* All is touched by the thread that serves, and by no other. */
struct settings {
        int64_t mentions;                /* of each account, in the end */
        int64_t step;                    /* so many more at each poll */
        int64_t text;                    /* characters of each */
        int64_t replies;                 /* an agent has answered in the tickets 1 to this */
        int64_t network_usec, desk_usec; /* how long each waits before it acts */
        int64_t status;                  /* not 200: the helpdesk's only answer, and nothing is done */
        int64_t hang;                    /* so many more of the helpdesk's writes are done and not answered; 0 also cuts those */
        int64_t cut;                     /* so many more are done, and the connection is closed without an answer */
};

struct counts {
        int64_t network, polls, pages, shown, shown_usec;       /* shown_usec: when a page with new mentions left */
        int64_t posts, posts_doubled, posted_first_usec, posted_last_usec;
        int64_t desk, searches, articles, refused, unanswered, in_flight, in_flight_max;
        int64_t tickets, doubled, filed, first_usec, last_usec; /* filed: mentions that have one ticket or more */
};

extern struct settings settings;
extern struct counts counts;

int64_t now_usec(void);                  /* monotonic, as the clients on this machine have it */

void network_serve(struct text *t, struct MHD_Connection *c, int account, const char *path, const char *body);
void network_add_mention(struct text *t, int account, int64_t mention);
void network_add_page(struct text *t, int account, int64_t newest, int64_t above);
void network_reset(void);

bool desk_writes(const char *operation);
void desk_serve(struct text *t, const char *operation, const char *body);
void desk_reset(void);

#endif

/* SPDX-License-Identifier: MIT
 * L2.  Instances: a configured plugin, from its options to its end. */
#ifndef HOST_INSTANCE_H
#define HOST_INSTANCE_H

#include "host/budget.h"
#include "host/guard_patterns.h"
#include "host/plugin.h"
#include "io/http.h"
#include "store/store.h"

enum instance_state {
        INSTANCE_STARTING,               /* until start() said OK */
        INSTANCE_RUNNING,
        INSTANCE_PAUSED,                 /* by the operator */
        INSTANCE_STOPPED,                /* credentials or options refused: waits for a person */
        INSTANCE_BENCHED,                /* crashed too often: waits for a person, its plugin is not loaded */
        INSTANCE_ENDING,                 /* nothing new is begun */
};
const char *instance_state_name(enum instance_state s);

/* Options that each instance has, whatever its plugin; see mentiond.conf(5). */
struct instance_options {
        char *plugin, *proxy, *ca_file, *ip;
        int64_t poll_every_usec, timeout_usec, settle_usec, retry_usec, retry_max_usec, parallel, rate;
        struct mentiond_secret *hook_secret, *hook_token;
        /* channels */
        char *helpdesk, *queue, *guard;
        int64_t hold_usec, reopen_for_usec, window_alarm_usec, media_max, length_max, parts_max;
        uint32_t media_private, numbered, redact;
};

#define HOOK_SECRET_MIN 16               /* what can be guessed is no secret */

struct host;
struct mentiond_op;
struct program;

struct instance {
        struct instance *next;
        struct host *host;
        char *name;
        struct section section;          /* as configured: tells at a reload whether it changed */
        const struct plugin *plugin;
        struct plugin *stub;             /* of a benched one: stands for its plugin, does nothing */
        uint32_t mark;                   /* for task_mark() */
        void *plugin_state;
        struct instance_options options;
        struct store_instance stored;
        int64_t helpdesk_id;             /* of a channel: its helpdesk's stored id */
        struct guard_patterns *guard;    /* of a channel */

        const char *base_url;            /* within plugin_state */
        const struct mentiond_secret *bearer, *in_path;
        const char *in_path_name;        /* of its option; NULL: there is none */

        enum instance_state state;
        char *reason;                    /* why it is not running, or what its last failure was */
        int64_t state_usec, last_poll_usec, last_ok_usec;
        struct budget budget;
        char *self_id, *self_handle;
        struct mentiond_caps caps;
        char *upload_types;              /* of the caps; NULL: none were set */
        int64_t spent_micros;            /* in spent_month, as year * 12 + month; 0: nothing is known */
        int64_t spent_month;
        struct mentiond_op *renewing;    /* the one that asks for an access token; the others wait for it */
        char *unkept, *unkept_key;       /* a session that the store did not take, and its key */

        uint64_t aside[32];              /* what was put aside, as hashes: polls see it again and again */
        unsigned n_aside;

        struct mentiond_op *ops;         /* in flight */
        size_t n_tasks;                  /* that may touch it */
        bool starting;                   /* one of them calls start() */
        bool started, stopped;           /* start() said OK once; stop() was called, or must not be */
        struct loop_timer restart;
        unsigned start_failures;
        int64_t log_minute;              /* of the steady clock, that n_logs is about */
        unsigned n_logs;

        struct program *program;         /* NULL: its plugin has none run */

        void *flow;                      /* what flow keeps for it */
};

/* What all instances share, and what is called when something about one changes. */
struct host {
        struct loop *loop;
        struct http *http;
        struct store *store;
        struct instance *instances;
        int64_t forget_after_usec;       /* what is done stays in the journal so long; 0: for ever */
        int64_t reread_for_usec;         /* texts of posts are kept so long, and the posts read again; 0: not at all */
        void (*running)(struct instance *i);     /* it may be polled and given work from now on */
        void (*idle)(struct instance *i);        /* no task touches this ending instance any more: it can be freed */
};

extern const struct options instance_options_channel, instance_options_helpdesk;

/* Makes one from its section; problems say what is wrong.  NULL if anything is. */
struct instance *instance_new(struct host *h, const struct section *s, uint32_t kind, const char *plugin_directory,
                              struct problems *p);
void instance_free(struct instance *i);          /* no task may work for it */

/* Whether they are configured alike, secrets included: those may change while the file does not. */
bool instance_equal(const struct instance *a, const struct instance *b);

bool instance_is_channel(const struct instance *i);
int instance_read(struct instance *i);           /* its row in the store, made if it is new; waits */
void instance_attach(struct instance *i);        /* joins the host and starts */
void instance_unlink(struct instance *i);        /* leaves the host */
void instance_start(struct instance *i);         /* also again, after it stopped; now, whatever the network asked for */
/* i is what this one is after a reload: it knows what the journal knows, and obeys what the network asked for since then. */
void instance_follow(struct instance *i, const struct instance *before);
void instance_pause(struct instance *i);
void instance_end(struct instance *i);           /* nothing new; host->idle() follows */
void instance_cancel(struct instance *i);        /* what is in flight is canceled */

/* For one that runs: its credentials were refused. */
void instance_refused(struct instance *i, const char *reason);

bool instance_may_log(struct instance *i);       /* or it has logged enough for this minute */

/* A task that works for the instance, which outlives it.  done(data) runs after it. */
void instance_task(struct instance *i, task_fn fn, task_fn done, void *data);

/* For a task of another instance that has to do with this one, too: it is not freed before the release. */
void instance_hold(struct instance *i);
void instance_release(struct instance *i);

struct instance *host_find(struct host *h, const char *name);
struct instance *host_find_id(struct host *h, int64_t id);

#endif

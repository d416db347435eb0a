/* SPDX-License-Identifier: MIT
 * The simulated world: one process, one thread, no real time, everything drawn from one seed.  The world (servers,
 * disk, people, requests on their way) outlives the daemon, which is made anew after each crash. */
#ifndef SIM_H
#define SIM_H

#include "base/command.h"
#include "base/util.h"
#include "io/loop.h"

#include <mentiond/json.h>
#include <setjmp.h>
#include <stdio.h>

/* --- stats.c: what happened how often --- */

enum happening {
        RACED, FIELD_DROPPED, NOTE_RETRACTED, SAID_ELSEWHERE, MAINTENANCE, MANDATORY_FIELD, STALE_WORKERS,
        SHOWN_LATE, ARRIVED_TWICE, OVERTAKEN, REFUSED, LOST_REQUEST, LOST_ANSWER, LATE_EFFECT, RESET, RESET_WITH_EFFECT,
        THROTTLED_FOR, THROTTLED_UNTIL, THROTTLED_PLAIN, SERVER_ERROR, ERROR_WITH_EFFECT, BROKE_OFF, NOT_FOUND_PAGE, SLOW_BODY,
        TRUNCATED, SPAM_YES, STORM, UNAUTHORIZED, SESSION_OVER, PASSWORD_REFUSED, ERROR_IN_200, SAME_KEY_AGAIN,
        MEDIA_FETCHED, MEDIA_FAILED, MEDIA_ATTACHED, MEDIA_MISSING,
        DISK_FULL, DISK_WRITE, DISK_SHORT, DISK_SYNC, DISK_FATAL, DISK_UNSYNCED,
        CRASH_DISK, CRASH_BEFORE_SEND, CRASH_AFTER_SEND, CRASH_ANY, CRASH_RECOVERY, CRASH_POWER, CLOCK_BACK, CLOCK_FORWARD, CLOCK_YEARS,
        ENDED, PAUSED, RESUMED, RELOADED, RETRIED, DROPPED, WITHDRAWN,
        NOTE_PUBLIC, NOTE_INTERNAL, NOTE_SHOWN, NOTE_HIDDEN, MERGED, CLOSED, REOPENED, DELETED_TICKET, EDITED, DELETED_POST, APP_POST,
        FLOOD, MANY_NETWORKS, MANY_DESKS, HELD, DEAD, RECOVERED, LEFT_NOTHING, IDLE,
        FORGOTTEN,
        COMMANDS, _COMMANDS_LAST = COMMANDS + (int) COMMAND_MAX - 2,   /* of each that an agent can write, from COMMAND_UNKNOWN on */
        WITHDRAWN_HIDDEN, WITHDRAWN_STOPPED, IN_PARTS, GUARDED, SAID_ASIDE, EDITED_OWN, REMOVED_OWN, LIKED, CLOSED_BY_COMMAND,
        TOLD_EDITED, TOLD_DELETED, TOLD_APP, WENT_ON, SPLIT_OFF, SPLIT_GREW,
        IN_TIME, TOO_LATE, WINDOW_TOLD,
        CEILING, X_VERSION, X_NO_CREDIT, X_LIMITED_READS, X_LIMITED_POSTS, X_TOKEN_RENEWED, X_TOKEN_LOST, X_TOKEN_ENDED, X_AUTHORIZED_ANEW,
        X_PARTIAL, X_ERRORS_ALONE, X_EMPTY_PAGE, X_NOT_SHOWN, X_MISSING, X_LAGS, X_UNCALLED, X_DUPLICATE, X_HAD_IT, X_ABOVE_CEILING,
        FEED_STALE, FEED_DATED_BACK, FEED_TWICE, FEED_MOVED, FEED_UNCHANGED,
        CHILD_DIED, CHILD_SILENT, CHILD_HALF, CHILD_NO_JSON, CHILD_TWICE,
        NOT_ADDRESSED, HIDDEN_BY_PRIVACY, WAITED, ANSWERED_LATE, ANSWERED_EMPTY, POLLS_MET, EXPIRED, NUMBERED_ANEW, MIGRATED, CHAT_LIMITED,
        FACEBOOK_EMPTY, FACEBOOK_LIMIT, FACEBOOK_USAGE, FACEBOOK_RIGHT, FACEBOOK_DONE, FACEBOOK_LATE,
        BACK_DATED, SPLIT_MOMENT, SHORT_PAGE, EMPTY_PAGE, BLOCKED_US, REAPPEARED, UNTOLD_FOUND, GATED, READ_TOO_EARLY, APP_AWAY, ACCESS_EXPIRED,
        REFRESHED_AGAIN, REFRESHED_TOO_LATE, LOG_INS_LIMITED, WRITES_LIMITED, NAME_TAKEN, POSTED_AFTER_REMOVAL,
        _HAPPENINGS
};
void happened(enum happening what);
extern uint64_t happenings[_HAPPENINGS];
const char *happening_name(enum happening what);

/* --- world.c: time, chance, events, the trace --- */

/* One stream of chance for each noun, so that a change to one does not shake the others. */
enum stream { R_PLAN, R_PEOPLE, R_NET, R_DISK, R_INNER, R_TIME, R_CRASH, R_OPERATOR, R_RIGHTS, _R_MAX };

/* What this seed is about. */
struct plan {
        int64_t busy_usec;               /* people act and things fail until then */
        int64_t start_calm_usec;         /* nothing fails before */
        int64_t act_usec;                /* mean time between two acts of people */
        int64_t crash_usec;              /* mean time between two crashes; 0: none */
        int64_t storm_usec;              /* mean time between two outages; 0: none */
        int64_t disk_usec;               /* mean time between two troubles with the disk; 0: none */
        int64_t jump_usec;               /* mean time between two jumps of the clock; 0: none */
        int64_t operator_usec;           /* mean time between two acts of the operator; 0: only repairs */
        int64_t settle_usec, timeout_usec;
        int64_t keys_usec;               /* so long a network knows idempotency keys; Mastodon an hour, if it has the room */
        int net_permille;                /* of single requests that go wrong */
        int power_permille;              /* of crashes that take unsynced writes along */
        bool far_jumps;                  /* by years */
        bool merges, deletes, foreign, edits, floods, app_posts, spam, media, secrets, commands;
        int networks;                    /* 1; 2 on one helpdesk; or 3, the third with a helpdesk of its own */
        int64_t idle_usec;               /* nothing happens for so long in the end, and the memory is looked at */
        int64_t reopen_usec;             /* tickets are opened again so long after they were closed; 0: a month */
        bool windows;                    /* some posts can be answered for some time only, or not at all */
        int64_t forget_usec;             /* rows that are done are kept so long; 0: longer than the world lasts, unless its clock jumps far */
};

struct sim {
        uint64_t seed;
        struct plan plan;
        int64_t now;                     /* the daemon's monotonic clock, and the world's */
        int64_t jump;                    /* by what the daemon's UTC is wrong */
        bool faults;                     /* things fail now */
        int64_t calm;                    /* since when they do not */
        int incarnation;                 /* of the daemon; replies to an earlier one reach nobody */
        bool crashed;
        bool gave_up;                    /* the oracle has seen enough */
        int64_t until;                   /* loop_run() returns LOOP_UNTIL then */
        bool power_loss;                 /* the crash that comes takes unsynced writes along */
        int64_t disk_failed_usec;        /* when the disk last said no */
        jmp_buf crash_env;
        uint64_t hash;                   /* of the trace */
        uint64_t crashes, ambiguous, requests, commits;
        int64_t released_usec[32];       /* when what failed polls had brought went its way without them */
        unsigned n_released;
        uint64_t told;                   /* lines of the log */
        struct { int kind; int64_t countdown; } trap;    /* the next crash: see enum trap */
};
extern struct sim sim;

enum trap { TRAP_NONE, TRAP_DISK, TRAP_SEND, TRAP_SENT };

#define UTC_START (INT64_C(1795300000) * USEC_PER_SEC)   /* November 2026 */

void sim_seed(uint64_t seed);
void sim_new_process(void);
uint64_t draw(enum stream s);
void sim_reseed(enum stream s, uint64_t number);     /* the stream goes on as if nothing had been drawn from it */
int64_t below(enum stream s, int64_t n);             /* 0 to n - 1 */
int64_t between(enum stream s, int64_t low, int64_t high);
bool chance(enum stream s, int permille);
int64_t around(enum stream s, int64_t mean_usec);    /* exponential, at most 6 times the mean */

static inline int64_t world_utc(void) { return UTC_START + sim.now; }    /* the true time */

void sim_at(int64_t at_usec, void (*fn)(void *data), void *data);        /* an event of the world; survives crashes */
void sim_in(int64_t usec, void (*fn)(void *data), void *data);
void sim_run_event(void);                            /* the next one */
bool sim_events_before(int64_t at_usec);             /* whether one is due by then */
void sim_pass_until(int64_t at_usec);                /* the world goes on without a daemon */
#define LOOP_UNTIL 1000

/* The daemon's process ends here, in the middle of what it does.  Does not return. */
_Noreturn void sim_die(enum happening kind, const char *why);
bool sim_trap(enum trap kind);                       /* whether the crash is to be here; counts down */
void sim_set_trap(enum trap kind, int64_t countdown);
void sim_set_any_trap(int64_t max_countdown);

/* One line of the trace. */
void note(const char *format, ...) _printf_(1, 2);
void trace_print(FILE *f, const char *const *words, size_t n_words, size_t max_lines);   /* lines that hold one of the words */

/* --- heap.c: whose memory is whose --- */

#define HEAP_WORLD 0
int heap_enter(int who);                             /* whose blocks are from now on; returns whose they were */
int heap_daemon(void);                               /* the living daemon's number */
void heap_new_daemon(void);                          /* what the last one has is forgotten */
int64_t heap_held(void);                             /* bytes of the living daemon */
#if defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define HAVE_SANITIZER 1
#  endif
#endif
#ifdef __SANITIZE_ADDRESS__
#  define HAVE_SANITIZER 1
#endif

/* --- disk.c --- */

void disk_init(void);
void disk_crash(bool power);                         /* of the process; or of the power as well */
void disk_calm(void);                                /* no more faults */
void disk_trouble(void);                             /* something is wrong from now on */
char *disk_integrity(const char *path);              /* what integrity_check says, malloced */
int64_t disk_size(const char *suffix);               /* of the store's file with this suffix */

/* --- net.c: what goes wrong on the way --- */

/* Servers have numbers: networks, helpdesks, and the one that has the media. */
enum { NETWORKS = 3, DESKS = 2, MEDIA_SERVER = NETWORKS + DESKS, SERVERS };
static inline bool is_network(int server) { return server < NETWORKS; }
static inline bool is_desk(int server) { return server >= NETWORKS && server < MEDIA_SERVER; }
const char *server_name(int server);

struct fault {
        bool refused;                    /* nothing leaves */
        bool arrives;                    /* the server acts */
        bool late;                       /* after the client gave up */
        bool hangs;                      /* no answer at all */
        bool cut;                        /* the connection is closed instead of an answer */
        bool truncated;                  /* the answer is whole for HTTP, not for JSON */
        bool html;                       /* a page for people instead of the answer */
        int status;                      /* instead of the server's; 0: none */
        int64_t retry_after;             /* seconds; 0: not said; -1: as the time when a limit resets */
        int stage;                       /* the server breaks off after so many steps of its work; -1: it does not */
        bool spam;                       /* the server says yes and forgets */
        bool twice;                      /* it arrives twice, and the second answer is the one that comes back */
        int64_t there_usec, back_usec;
        const char *name;
};
struct fault net_fault(int server, bool unsafe);
void net_storm(void);                                /* one of the servers has trouble for some time */
void net_maintenance(void);                          /* a network shows pages for people for a while, maybe */
void net_calm(void);
int net_faults(void);                                /* how many there were, and one */
void net_silence(int server, int64_t until_usec, int incarnation);       /* it asks this daemon to be silent */
bool net_is_silent(int server);                      /* the living daemon should be */
void net_excuse(void);                               /* the operator has it ask nevertheless */

/* --- A request as a server gets it, and what it answers --- */

struct request {
        int server;
        const char *method, *path, *query, *token, *key, *tag, *type, *authorization;
        struct json_object *body;        /* NULL if it is not JSON */
        const char *text;                /* as it came */
        struct fault fault;
        bool repeatable;
        bool waited;                     /* the server has looked at it before, and had nothing to say yet */
        int64_t sent_usec, sent_jump;    /* when it left; the daemon's clock then, as in sim.jump */
};
void net_reseed(const struct request *q, const char *a, const char *b, const char *c);       /* by it, and what else tells it from others */
struct answer {
        int status;
        struct json_object *json;
        char *text;                      /* instead of json */
        char *headers;                   /* malloced lines, or NULL */
        int64_t again_usec;              /* it has nothing to say yet, and looks again then; 0: this is the answer */
        int delivered;                   /* for the server's own records: what it told */
        void (*on_delivery)(int delivered);
};
void put_owned(struct json_object *o, const char *name, char *value);    /* takes the value */
char *base64(const char *text);                      /* malloced */

/* What an agent wrote for the public, or not. */
struct agent_note {
        int article, group;              /* group: the first of those with the same text */
        bool internal;                   /* from its birth */
        enum command_name command;       /* of an internal one */
        bool secret;                     /* what must not be seen by all: a card's number, or what another note says among agents */
        bool is_long;                    /* longer than a post, and can be split */
        char *text;                      /* as it should be read, without the handle and the command */
        int rejected, lost_sends, spam, sends;   /* what became of the attempts at posting it */
        bool retried, dropped, withdrawn;        /* by the operator; withdrawn: before any attempt */
};
extern struct agent_note *agent_notes;
extern int n_agent_notes;
bool note_is_said(const struct agent_note *n);       /* as a reply: in public or by a command */
bool note_is_aside(const struct agent_note *n);      /* for the customer alone */
#define CARD_NUMBER "4111 1111 1111 1111"

/* --- agents.c --- */

void agents_answer(void);
void agents_change_mind(void);
void agents_merge(void);
void agents_close_or_delete(void);

/* --- people.c --- */

char *people_text(char letter, int number);
int people_app_post_in(const char *text);            /* the status that the brand wrote by itself whose text this is, or -1 */
void people_write_again(int ticket, bool newest);    /* somebody answers a post that is in it, or its newest */
int people_note_in(const char *text);                /* the note whose text this is, or -1 */
int people_mention_in(const char *text);             /* the status whose text this is, or -1 */
size_t people_words(const char *text);               /* bytes of what it says, before the token */
void people_init(int64_t began_usec);
int people_acts(void);                               /* as well */

/* --- daemon.c --- */

void daemon_init(void);                              /* once for each world */
bool daemon_is_ready(void);                          /* it said READY=1, and lives */
void daemon_notified(const char *state);             /* as systemd is */
void daemon_reconfigure(int server, int64_t new_parallel);       /* changes the file; a reload reads it */
void daemon_change(int server, const char *from, const char *to);        /* so, too: one of its settings */
void daemon_operator_reloads(void);
void daemon_live(int64_t until_usec);                /* lives, dies and lives again until then */
void daemon_operator_repairs(void);                  /* resumes what is stopped or paused */
void operator_act(void);
uint64_t daemon_commits(void);
uint64_t daemon_rereads(int64_t usec);               /* conversations that are to be read again within that time */
bool daemon_is_quiet(void);                          /* nothing is active in the journal */
bool daemon_has_polled(const char *name);            /* this channel's first poll is over */
bool daemon_is_running(const char *name);        /* what it asks for then is no part of its start */
void daemon_collect(void);                           /* fills rows */
void daemon_finish(void);                            /* ends it for good, checks the store */

struct row { int64_t id; char *source, *kind, *state, *native_id, *reason; };
extern struct row *rows;                             /* of the journal: held, dead and active ones, once finished */
extern int n_rows;
extern char *daemon_integrity;                       /* what integrity_check says */

/* --- oracle.c --- */

enum category { LOST, DOUBLED, LEAKED, STUCK, WRONG, _CATEGORIES };
struct verdict {
        int counts[_CATEGORIES];
        int mentions, replies, held, dead;
        char *text;                      /* what is violated, one a line */
        const char *words[8];            /* that lines of the trace hold which matter */
        int n_words;
};
void oracle_judge(struct verdict *v);
void oracle_spin(const char *what);                  /* something goes round for ever */
void oracle_rude(const char *what);
void oracle_leak(char *what);                        /* takes it */

/* --- serve.c --- */

int serve(const char *name);                         /* a model by itself; the process's status */

/* --- run.c: one world from its beginning to its end --- */

struct result {
        uint64_t seed, hash, crashes, ambiguous, requests, commits;
        uint64_t broken;                 /* of several: the first that breaks a rule; 0: none */
        int64_t usec;                    /* simulated */
        int mentions, replies, held, dead, acts, faults, crash_times;
        int counts[_CATEGORIES];
        uint64_t happenings[_HAPPENINGS];
};
void world_live(uint64_t seed, struct result *ret, struct verdict *v);

/* --- rights.c: what can be answered, and until when --- */

void rights_give(int status);
bool rights_end_after(int64_t world_usec);           /* of a post, then or later */

/* --- shorten.c: what is left out of a world --- */

enum { _OMISSIONS = 22, NUMBERS_MAX = 2048 };
extern struct omission { bool kinds[_OMISSIONS], acts[NUMBERS_MAX], faults[NUMBERS_MAX], crashes[NUMBERS_MAX]; } omitted;
void omit_from_plan(struct plan *p);
bool is_omitted(const bool *list, int number);
/* Leaves out what it can while the seed breaks a rule of this kind. */
void shorten(uint64_t seed, enum category c, const struct result *r, bool (*breaks)(uint64_t seed, enum category c));

#endif

/* SPDX-License-Identifier: MIT
 *
 * mentiond plugin API: what channels and helpdesks share.  Manual: mentiond-plugin(7).
 *
 * A plugin is a shared object with one exported function, written by MENTIOND_CHANNEL_PLUGIN() or
 * MENTIOND_HELPDESK_PLUGIN(), that returns one constant struct.  Everything a plugin does, it does in a
 * callback; each call is one operation, named by a struct mentiond_op.  An operation runs as a task of its
 * own: a host call that has to wait suspends the task, so plugin code is sequential and needs no locks,
 * but two operations of one instance may be in flight at once, and the state may have changed whenever a
 * call marked "waits" returns.
 *
 * Ownership: what is passed in is copied by the callee if it needs it later.  What a host function returns
 * lives until the operation ends, or turns the page.  A plugin never frees what it got from here.
 *
 * Strings are UTF-8.  Where a string may be absent NULL and "" both mean "none", and the host never hands
 * out NULL.  Times are microseconds since 1970-01-01 UTC, 0 meaning unknown.
 *
 * Structs that cross this border start with struct_size; set it with sizeof.  Fields are only ever
 * appended.  A plugin built for an older API goes on loading.
 */
#ifndef MENTIOND_PLUGIN_H
#define MENTIOND_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The API that this header describes: major in the upper 16 bits, minor in the lower.  The host refuses
 * another major, and a minor that is newer than its own. */
#define MENTIOND_API_VERSION ((uint32_t) ((1u << 16) | 0u))

#define MENTIOND_EXPORT __attribute__((visibility("default")))
#define MENTIOND_PRINTF(f, a) __attribute__((format(printf, f, a)))

struct json_object;      /* json-c */
struct mentiond_op;      /* one operation, from entering a callback until it returns */
struct mentiond_secret;  /* the value of a secret option; cannot be printed by mistake */

enum mentiond_kind {
        MENTIOND_CHANNEL = 1,
        MENTIOND_HELPDESK = 2,
};

/* How an operation ended, by the scope of the damage.  Host functions that can fail return one of these,
 * and a callback usually passes it on as it is. */
enum mentiond_verdict {
        MENTIOND_OK = 0,
        MENTIOND_RETRY = 1,      /* nothing happened; this item again, later */
        MENTIOND_THROTTLED = 2,  /* nothing happened; the instance pauses until the network allows more */
        MENTIOND_AUTH = 3,       /* the credentials are refused; the instance stops, items are kept */
        MENTIOND_REJECTED = 4,   /* this item never; a person is told why */
        MENTIOND_GONE = 5,       /* what was addressed exists no longer */
        MENTIOND_AMBIGUOUS = 6,  /* may have happened; find() decides before any retry */
        MENTIOND_CANCELED = 7,   /* the operation is being ended; return at once */
        MENTIOND_BUG = 8,        /* the plugin or its counterpart broke the rules */
        MENTIOND_ABSENT = 9,     /* find() only: it looked, and it is not there */
        MENTIOND_UNKNOWN = 10,   /* find() only: this cannot be found out */
        MENTIOND_BLOCKED = 11,   /* nothing happened, and this item waits until a person has mended something, as a right in its
                                  * queue; the others go on */
};

/* --- Options ---------------------------------------------------------------------------------------- */

enum mentiond_option_type {
        MENTIOND_STRING = 1,     /* const char *                                          */
        MENTIOND_SECRET = 2,     /* const struct mentiond_secret *                        */
        MENTIOND_URL = 3,        /* const char *, http or https, without a slash at its end */
        MENTIOND_BOOL = 4,       /* uint32_t, 0 or 1                                      */
        MENTIOND_INT = 5,        /* int64_t                                               */
        MENTIOND_DURATION = 6,   /* int64_t microseconds; "30s", "5m", "2h", "7d"          */
        MENTIOND_SIZE = 7,       /* int64_t bytes; "512K", "10M"                           */
};

enum mentiond_option_flags {
        MENTIOND_REQUIRED = 1u << 0,
        MENTIOND_BASE_URL = 1u << 1,  /* of a URL: requests for a path go here */
        MENTIOND_BEARER = 1u << 2,    /* of a secret: sent as bearer token to the base URL's origin only */
        MENTIOND_WHOLE_URL = 1u << 3, /* of a URL: kept as it is written, a slash at its end too */
        MENTIOND_IN_PATH = 1u << 4,   /* of a secret: stands where a path below the base URL has "{NAME}", by the option's name */
};

/* One row of a plugin's option table.  The host checks the configuration against it, fills the plugin's
 * state at offset, and makes `mentiond --describe` from it.  The table ends with a row whose name is NULL. */
struct mentiond_option {
        const char *name;
        const char *help;            /* one sentence, no full stop needed */
        const char *default_value;   /* as it would stand in the configuration; NULL for none */
        uint32_t type;
        uint32_t flags;
        uint64_t offset;             /* into the plugin's state */
        /* bounds of numbers, in the unit of the field; both 0 for none.  min: of a secret's length */
        int64_t min, max;
};

#define MENTIOND_OPTION(state_type, field, option_name, option_type, ...)                                   \
        { .name = (option_name), .type = (option_type), .offset = offsetof(state_type, field), __VA_ARGS__ }

/* --- The plugin ------------------------------------------------------------------------------------- */

/* The head that a channel's and a helpdesk's struct begin with. */
struct mentiond_plugin {
        uint32_t api_version;        /* MENTIOND_API_VERSION */
        uint32_t kind;               /* enum mentiond_kind */
        uint32_t struct_size;        /* of the whole channel or helpdesk struct */
        uint32_t option_size;        /* of one option row */
        uint64_t state_size;         /* of the state that the host allocates, zeroed, for each instance */
        const char *name;            /* as in the configuration: [a-z][a-z0-9_]* */
        const char *version;
        const char *summary;         /* one line */
        const struct mentiond_option *options;
};

#define MENTIOND_PLUGIN_HEAD(plugin_kind, full_struct)                                                      \
        .api_version = MENTIOND_API_VERSION, .kind = (plugin_kind), .struct_size = sizeof(full_struct),      \
        .option_size = sizeof(struct mentiond_option)

typedef const struct mentiond_plugin *mentiond_plugin_init_fn(void);

/* --- Hooks ------------------------------------------------------------------------------------------ */

/* How the other side signs its calls ("webhooks") to us. */
enum mentiond_signature {
        MENTIOND_HMAC_SHA1_HEX = 1,      /* of the body, in lower case */
        MENTIOND_HMAC_SHA256_HEX = 2,
        MENTIOND_HMAC_SHA256_BASE64 = 3,
        MENTIOND_PLAIN = 4,              /* not at all: the header is the secret */
        MENTIOND_HMAC_SHA256_TIMED = 5,  /* the header is "t=SECONDS,s=HEX", of "SECONDS.BODY"; old ones are refused */
        MENTIOND_HMAC_SHA1_BASE64 = 6,
};

/* How it asks, by GET, whether we know the secret before it calls. */
enum mentiond_handshake {
        MENTIOND_NO_HANDSHAKE = 0,
        MENTIOND_HUB_CHALLENGE = 1,      /* hub.verify_token is the instance's hook_token: the answer is hub.challenge */
        MENTIOND_CRC_TOKEN = 2,          /* the answer is {"response_token": "sha256=BASE64"}, the HMAC of crc_token */
        MENTIOND_CHALLENGE_CODE = 3,     /* the answer is {"challengeCode": ..., "challengeResponse": HEX}, its HMAC */
};

/* What a plugin says of the hooks of its network or helpdesk.  The host does all the rest: a hook whose signature is right
 * is a hint that makes poll() be called at once.  No plugin sees what it says. */
struct mentiond_hook {
        uint32_t struct_size;
        uint32_t signature;              /* enum mentiond_signature */
        uint32_t handshake;              /* enum mentiond_handshake */
        uint32_t reserved;
        const char *header;              /* that has the signature: "X-Hub-Signature" */
        const char *prefix;              /* before the signature: "sha1=" */
        const char *delivery;            /* header that names a call, the same when it is repeated; NULL for none */
};

/* --- HTTP ------------------------------------------------------------------------------------------- */

enum mentiond_request_flags {
        MENTIOND_REPEATABLE = 1u << 0,  /* may be sent twice although the method is not GET or HEAD: a
                                         * search by POST, say.  Decides between RETRY and AMBIGUOUS. */
        MENTIOND_ANY_STATUS = 1u << 1,  /* a reply of any status is OK: the plugin judges it itself */
        MENTIOND_OPTIONAL = 1u << 2,    /* can be left out: THROTTLED at once, and not sent, where it would have to
                                         * wait for the server's limits */
        MENTIOND_APART = 1u << 3,       /* the server counts it apart from what polls ask: where it wants no more of it
                                         * (429), this operation alone waits */
        MENTIOND_LONG_POLL = 1u << 4,   /* the server answers when it has something new: the operation is ended at once where the
                                         * instance is to end */
};

struct mentiond_request {
        uint32_t struct_size;
        uint32_t flags;
        const char *method;              /* "GET" when NULL */
        const char *path;                /* begins with '/': below the base URL; or a whole http(s) URL, which
                                          * gets the bearer token only if it has the base URL's origin */
        struct json_object *json;        /* sent as application/json; not consumed; not with body */
        const char *body;                /* sent as content_type */
        uint64_t body_size;
        const char *content_type;
        const char *const *headers;      /* "Name: value", NULL-terminated; may be NULL */
        uint64_t max_reply;              /* bytes after decompression; 0 for the default, 8 MiB */
};

struct mentiond_response {
        uint32_t struct_size;
        uint32_t status;                 /* 0: there was no whole reply */
        const char *body;                /* NUL-terminated behind body_size bytes */
        uint64_t body_size;
        struct json_object *json;        /* the body parsed, or NULL if it is not JSON, or too much */
        const char *head;                /* its headers, for mentiond_header() */
};

/* Sends one request and waits for the whole reply.  Never sends it twice.  Redirects are not followed, a
 * User-Agent is sent, sizes and time are bounded, rate limits that the server announces are kept to.
 *
 * Returns the verdict on the exchange: 2xx OK; 401 AUTH; 404 and 410 GONE; 3xx, 408, 425 and 5xx RETRY; 429
 * THROTTLED; other 4xx REJECTED; and AMBIGUOUS instead of RETRY where the request is not repeatable and may have
 * been acted upon (a cut connection, 5xx but 503, 300 to 303).  The reason says what was asked and what was answered.  *ret
 * is filled in whatever is returned, so that a plugin can refine the verdict.  Waits. */
MENTIOND_EXPORT int mentiond_http(struct mentiond_op *op, const struct mentiond_request *request,
                                  struct mentiond_response *ret);

/* The value of a header of the reply, "" if it has none: the first of this name, without regard to case. */
MENTIOND_EXPORT const char *mentiond_header(struct mentiond_op *op, const struct mentiond_response *response, const char *name);

/* How long one request may take, as the instance is configured: a long poll has to ask for less. */
MENTIOND_EXPORT int64_t mentiond_timeout_usec(struct mentiond_op *op);

/* A field of a form, or a file where it has a type. */
struct mentiond_field {
        uint32_t struct_size;
        uint32_t reserved;
        const char *name;
        const void *data;
        uint64_t size;
        const char *type;                /* "image/png" */
        const char *file;                /* its name */
};

/* Makes the request's body a form (multipart/form-data): the members of its json, which it has no more then, and after them
 * these n fields.  They are copied. */
MENTIOND_EXPORT void mentiond_set_form(struct mentiond_op *op, struct mentiond_request *request,
                                       const struct mentiond_field *fields, uint32_t n);

/* GET of a path and POST of a JSON body, with a JSON reply: a reply of status 2xx that is not JSON is
 * RETRY for the one and AMBIGUOUS for the other.  Arguments in the path must be escaped by
 * mentiond_escape() if they came from outside.  *ret is untouched on failure.  Waits. */
MENTIOND_EXPORT int mentiond_get_json(struct mentiond_op *op, struct json_object **ret, const char *path, ...)
        MENTIOND_PRINTF(3, 4);
MENTIOND_EXPORT int mentiond_post_json(struct mentiond_op *op, struct json_object **ret,
                                       struct json_object *body, const char *path, ...) MENTIOND_PRINTF(4, 5);

/* --- A program of its own ---------------------------------------------------------------------------- */

/* A program that an instance has run, and asks by lines of JSON: one for each instance, which lives as long as that, and no
 * longer than the daemon. */
struct mentiond_program {
        uint32_t struct_size;
        uint32_t parallel;               /* questions that it is asked at the same time; 0: 1, and the others wait */
        const char *const *arguments;    /* NULL-terminated; the first is the program, by its whole path */
        const char *const *environment;  /* besides PATH and LANG, NULL-terminated: "NAME=value", or "NAME" for what the daemon's
                                          * own environment has; may be NULL */
        const char *directory;           /* where it runs; "/" when NULL */
        uint64_t memory_max;             /* bytes that each process of it may have; 0: no limit */
        int64_t cpu_max_usec;            /* CPU time that each process of it may take; 0: no limit */
        const char *id;                  /* a constant: the member of each line with the number of the question that it is about;
                                          * "id" when NULL */
};

/* Sees to it that the instance's program runs: OK, and 1 in *ret_new if it was begun by this call, and so must be told first
 * who it is; or RETRY, while it waits to be begun again after it has ended.  To be called in each operation before it is asked.
 * What it writes to its standard error is logged. */
MENTIOND_EXPORT int mentiond_child_run(struct mentiond_op *op, const struct mentiond_program *program, uint32_t *ret_new);

/* Writes a line, and waits for the next line about the same question.  If that has a member "call", it is no answer yet: it
 * wants something, and the next call of this function gives it that, and waits on; any other line is the answer.  An
 * operation asks one question at a time.
 *
 * OK with *ret; RETRY if the program ended before it could have read the question; AMBIGUOUS (RETRY with
 * MENTIOND_REPEATABLE) if it ended later; CANCELED, or AMBIGUOUS, if the operation is ended.  The program is ended when it
 * says nothing for the instance's `timeout` while it owes an answer, or writes what is no JSON, or about no question that it
 * was asked.  line is not consumed, but gets the number.  Waits. */
MENTIOND_EXPORT int mentiond_child_ask(struct mentiond_op *op, struct json_object *line, uint32_t flags,
                                       struct json_object **ret);

/* Ends the program once it has answered what it was asked: its input is closed, then its process group gets SIGTERM, then
 * SIGKILL.  The host does so itself when the instance ends.  Waits. */
MENTIOND_EXPORT void mentiond_child_end(struct mentiond_op *op);

/* --- Results, log, time ----------------------------------------------------------------------------- */

/* Says why the operation ends with this verdict: one sentence for a person.  Returns verdict. */
MENTIOND_EXPORT int mentiond_fail(struct mentiond_op *op, int verdict, const char *format, ...)
        MENTIOND_PRINTF(3, 4);

/* The network wants silence for so long, which no header of a reply has told the host.  Returns MENTIOND_THROTTLED. */
MENTIOND_EXPORT int mentiond_throttled(struct mentiond_op *op, int64_t usec);

/* What was said last, by mentiond_fail() or a host function that failed; "" if nothing was. */
MENTIOND_EXPORT const char *mentiond_reason(struct mentiond_op *op);

/* level as syslog(3): 3 error, 4 warning, 6 info, 7 debug.  Instance and operation are added. */
MENTIOND_EXPORT void mentiond_log(struct mentiond_op *op, int level, const char *format, ...)
        MENTIOND_PRINTF(3, 4);

MENTIOND_EXPORT int64_t mentiond_now_usec(struct mentiond_op *op);

/* Since some moment, and never set: for durations while the daemon runs. */
MENTIOND_EXPORT int64_t mentiond_steady_usec(struct mentiond_op *op);

/* Waits.  OK, or CANCELED. */
MENTIOND_EXPORT int mentiond_sleep(struct mentiond_op *op, int64_t usec);

/* RFC 3339, "YYYY-MM-DD HH:MM:SS" (taken as UTC), or a date as in HTTP, mail and RSS, "Sun, 22 Nov 2026 10:00:00 +0100", to
 * microseconds; 0 if it is none of them. */
MENTIOND_EXPORT int64_t mentiond_parse_time(const char *text);

/* As RFC 3339 has it, in UTC: "2026-11-22T10:00:00.000Z".  What was before 1970 is its beginning. */
MENTIOND_EXPORT const char *mentiond_format_time(struct mentiond_op *op, int64_t usec);

/* --- Doctor and provisioning ------------------------------------------------------------------------- */

/* What doctor() or provision() found, or did, about one thing. */
enum mentiond_finding {
        MENTIOND_FINE = 1,       /* it is as it should be */
        MENTIOND_WRONG = 2,      /* a person has to do something: the text says what */
        MENTIOND_UNCLEAR = 3,    /* it cannot be checked; the text says why */
        MENTIOND_TO_DO = 4,      /* provision() that shows: it would be made, changed or removed */
        MENTIOND_DONE = 5,       /* provision() that acts: it was */
        MENTIOND_BY_HAND = 6,    /* provision(): what a person must do, commands say; the text may have several lines */
};

/* doctor() and provision() only.  Tells the administrator about one thing: what it is, in a few words, and a sentence
 * about it, without any secret. */
MENTIOND_EXPORT void mentiond_report(struct mentiond_op *op, uint32_t finding, const char *what, const char *format, ...)
        MENTIOND_PRINTF(4, 5);

/* --- Memory and text; everything returned lives until the operation ends, or turns the page --------- */

MENTIOND_EXPORT void *mentiond_alloc(struct mentiond_op *op, uint64_t size);   /* zeroed; never NULL */

/* A struct of this API with its size and the fields that are named, the others zero:
 *   MENTIOND_NEW(op, struct mentiond_author, .id = id, .followers = -1) */
#define MENTIOND_NEW(op, type, ...)                                                                         \
        ((type *) memcpy(mentiond_alloc(op, sizeof(type)), &(type) { .struct_size = sizeof(type), __VA_ARGS__ }, sizeof(type)))

MENTIOND_EXPORT char *mentiond_format(struct mentiond_op *op, const char *format, ...) MENTIOND_PRINTF(2, 3);
MENTIOND_EXPORT struct json_object *mentiond_json_object(struct mentiond_op *op);  /* a new {}, owned by the operation */

/* JSON by a format: as it is written, but names and texts stand in '...', numbers are whole, and values may be %s, %lld, %d, and
 * %p for another object, of which it takes a reference.  A value or an element that is NULL is left out:
 *   mentiond_json(op, "{'post': {'text': %s, 'langs': [%s], 'count': %lld}, 'media': %p}", text, language, n, media) */
MENTIOND_EXPORT struct json_object *mentiond_json(struct mentiond_op *op, const char *format, ...) MENTIOND_PRINTF(2, 3);

/* The claims of a JSON Web Token (RFC 7519), as they stand there: nobody has looked at its signature.  NULL if it is none. */
MENTIOND_EXPORT struct json_object *mentiond_claims(struct mentiond_op *op, const char *token);

/* A walk has done with a page: what host functions returned in this operation is freed, but for the n strings of keep,
 * which are replaced by copies.  What was emitted, and cursors, stay. */
MENTIOND_EXPORT void mentiond_turn_page(struct mentiond_op *op, const char **keep, uint32_t n);

/* Percent-encodes all but RFC 3986's unreserved characters. */
MENTIOND_EXPORT const char *mentiond_escape(struct mentiond_op *op, const char *text);

/* What a browser would show of an HTML fragment, as plain text: scripts and styles dropped with their content,
 * line ends for br and block elements, the target of a link in place of a shortened one. */
MENTIOND_EXPORT const char *mentiond_text_from_html(struct mentiond_op *op, const char *html);

/* On one line, controls as blanks, cut at max code points, as titles and names must be; "-" for what shows nothing. */
MENTIOND_EXPORT const char *mentiond_line(struct mentiond_op *op, const char *text, uint64_t max);

/* The text itself, or "-" for what shows nothing: helpdesks refuse an empty one. */
MENTIOND_EXPORT const char *mentiond_some(const char *text);

/* With a capital first letter if that is an ASCII one: how a network's name is shown. */
MENTIOND_EXPORT const char *mentiond_capital(struct mentiond_op *op, const char *text);

/* The text with words replaced: words is { WORD, WHAT IS PUT IN ITS PLACE, WORD ..., NULL }.  In one pass: what was put in is not
 * looked at again.  Of two words that begin at the same place the longer counts. */
MENTIOND_EXPORT const char *mentiond_replace(struct mentiond_op *op, const char *text, const char *const *words);

/* Base64 (RFC 4648, with padding).  decode: also of the alphabet for URLs, or without padding; NUL-terminated behind *ret_size
 * bytes; NULL for what is no base64. */
MENTIOND_EXPORT const char *mentiond_base64_encode(struct mentiond_op *op, const void *data, uint64_t size);
MENTIOND_EXPORT const void *mentiond_base64_decode(struct mentiond_op *op, const char *text, uint64_t *ret_size);

/* HMAC (RFC 2104) of data under a key: enum mentiond_signature but for the TIMED one.  For networks that have requests signed. */
MENTIOND_EXPORT const char *mentiond_hmac(struct mentiond_op *op, uint32_t signature, const char *key, const void *data,
                                          uint64_t size);

enum mentiond_unit {
        MENTIOND_GRAPHEMES = 1,    /* user-perceived characters (UAX 29) */
        MENTIOND_CODE_POINTS = 2,
        MENTIOND_UTF16 = 3,
        MENTIOND_BYTES = 4,
        MENTIOND_X_WEIGHTED = 5,   /* as X weighs: 1, 2 for what is no alphabet, 2 for an emoji; a host's name is a URL */
};

MENTIOND_EXPORT uint64_t mentiond_length(const char *text, uint32_t unit);

/* Whether two texts are the same but for what networks do to them: case and blanks, marks of formatting, the domains
 * of handles, links. */
MENTIOND_EXPORT int mentiond_same_text(const char *a, const char *b);

/* A number of a text (FNV-1a), the same for ever: for networks that let who posts name a post. */
MENTIOND_EXPORT uint64_t mentiond_hash(const char *text);

/* mentiond_next_span() finds these, and will find no other kind. */
enum mentiond_span_kind {
        MENTIOND_SPAN_LINK = 1,    /* an http(s) URL, without the marks of the sentence behind it */
        MENTIOND_SPAN_NAME = 2,    /* '@' and what may be the name of a host */
        MENTIOND_SPAN_TAG = 3,     /* '#' and more than digits */
};

/* What is in a text at these bytes, from inclusive and to exclusive. */
struct mentiond_span {
        uint32_t struct_size;
        uint32_t kind;             /* enum mentiond_span_kind */
        int64_t from, to;
        const char *url;           /* for mentiond_show_links(): where it leads */
};

/* The next link, name or tag behind span->to, which is 0 for the first; returns 0 if there is none.  For networks that take a
 * text as it is, and have to be told what is one in it. */
MENTIOND_EXPORT int mentiond_next_span(const char *text, struct mentiond_span *span);

/* A text that names its links apart, with where they lead: in place of what is shown if that is the URL shortened, else
 * behind it.  Spans that overlap others, or are no part of the text, are left out: nobody need have checked them. */
MENTIOND_EXPORT const char *mentiond_show_links(struct mentiond_op *op, const char *text, const struct mentiond_span *links,
                                                uint32_t n);

/* The one way to read a secret.  The result must not be stored, logged or put into a URL. */
MENTIOND_EXPORT const char *mentiond_reveal(const struct mentiond_secret *secret);

/* --- What an instance remembers over restarts -------------------------------------------------------- */

/* "" if it was never set.  poll() sets values: they are kept if it ends OK, in the same transaction as
 * what it emitted last. */
MENTIOND_EXPORT const char *mentiond_cursor(struct mentiond_op *op, const char *key);
MENTIOND_EXPORT void mentiond_set_cursor(struct mentiond_op *op, const char *key, const char *value);

/* The same of any operation, and at once: it has been committed when this returns OK.  For what a network says once, as a token
 * that takes the place of the one that was used.  It is stored as it is, readable for who can read the store.  OK, or RETRY.
 * Waits. */
MENTIOND_EXPORT int mentiond_keep(struct mentiond_op *op, const char *key, const char *value);

/* What a request has cost, in millionths of a dollar, where the network takes money.  It is added to the sum of this month
 * (UTC), which is remembered, and shown to the administrator; returns the sum.  0 only asks.  Waits. */
MENTIOND_EXPORT int64_t mentiond_spend(struct mentiond_op *op, int64_t micros);

/* What a network gives for a time, and replaces: the tokens of a session.  It is remembered as a JSON object. */
struct mentiond_session {
        uint32_t struct_size;
        uint32_t reserved;
        const char *key;                 /* as of mentiond_cursor() */
        const char *of;                  /* what is remembered counts only while this is the same; NULL: always */
        const char *token;               /* the member that requests are made with; until_usec may say until when */
        const char *refused;             /* a token that the network does not take any more; NULL: none */

        /* Makes another: *ret has all that is to be remembered.  old: the one before, or NULL. */
        int (*renew)(struct mentiond_op *op, void *data, struct json_object *old, struct json_object **ret);
        void *data;
};

/* A session whose token is good, if it says how long, for a minute at least.  Of several operations at the same time one renews
 * it, and what is new is remembered before anybody gets it.  Waits. */
MENTIOND_EXPORT int mentiond_session(struct mentiond_op *op, const struct mentiond_session *session, struct json_object **ret);

/* How access tokens are had from a refresh token (OAuth 2.0, RFC 6749 section 6). */
struct mentiond_oauth {
        uint32_t struct_size;
        uint32_t reserved;
        const char *path;                /* where tokens are given, as in struct mentiond_request */
        const char *client_id;
        const struct mentiond_secret *client_secret;     /* goes as Basic; NULL: a public client has none */
        const struct mentiond_secret *refresh_token;     /* the first: as the administrator configured it */
        const char *refused;             /* an access token that the network does not take any more; NULL: none */
};

/* An access token that is good for a minute at least.  Both tokens are remembered, the new refresh token before the access
 * token that came with it is used; the configured one counts again once it is another.  Of several operations at the same
 * time one asks.  AUTH where the refresh token is refused.  Waits. */
MENTIOND_EXPORT int mentiond_oauth(struct mentiond_op *op, const struct mentiond_oauth *oauth, const char **ret_token);

/* Keys of an application and an account (OAuth 1.0a, RFC 5849). */
struct mentiond_oauth1 {
        uint32_t struct_size;
        uint32_t reserved;
        const char *consumer_key;
        const struct mentiond_secret *consumer_secret;
        const struct mentiond_secret *token;
        const struct mentiond_secret *token_secret;
};

/* The header "Authorization: OAuth ..." of a request, signed by HMAC-SHA1: for this request, which is to be sent soon, and once.
 * What stands in its query, and in its body if that is an application/x-www-form-urlencoded one, must be escaped as
 * mentiond_escape() does it. */
MENTIOND_EXPORT const char *mentiond_oauth1(struct mentiond_op *op, const struct mentiond_oauth1 *keys,
                                            const struct mentiond_request *request);

/* poll() only: if it ends OK the next follows at once, not after poll_every.  There is more, that only a commit gives leave to
 * ask for; or the other side itself waits until there is. */
MENTIOND_EXPORT void mentiond_poll_again(struct mentiond_op *op);

/* poll() only: everything that the other side showed up to this time, on its own clock, has been seen.
 * A poll that reads newest first may end at a page that is older than this and held nothing new.  It is the
 * newest seen_usec of the last poll that ended OK, less an overlap of 5 minutes.  During an instance's first poll,
 * when all that is there counts as old, it follows the newest that was emitted so far: ask again for each page. */
MENTIOND_EXPORT int64_t mentiond_horizon_usec(struct mentiond_op *op);

#ifdef __cplusplus
}
#endif
#endif

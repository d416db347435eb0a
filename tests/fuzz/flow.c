/* SPDX-License-Identifier: MIT
 *
 * Host, flow, store and both plugins at work, for some minutes, against any servers.  The input is answers (http.c).
 */
#include "world.h"

#include "store/db.h"

#include <mentiond/json.h>

#define PASS_USEC (10 * USEC_PER_MINUTE)
#define REQUESTS_MAX 200
#define SENDS_MAX 3              /* of one part, as flow/step.c has it */
#define KEYS_MAX 64

static struct {
        char *key;
        unsigned sends;
} keys[KEYS_MAX];
static size_t n_keys;

static int64_t count(const char *sql)
{
        int64_t n = -1;

        MUST(db_get_int(world_db, &n, sql, "") >= 0);
        return n;
}

static unsigned sends_of(const char *key)
{
        for (size_t i = 0; i < n_keys; i++)
                if (streq(keys[i].key, key))
                        return ++keys[i].sends;
        if (n_keys < KEYS_MAX)
                keys[n_keys++].key = xstrdup(key);
        return keys[n_keys - 1].sends = 1;
}

static bool may_have_worked(const struct http_reply *r)
{
        return r->fate == HTTP_LOST || (r->fate == HTTP_REPLIED && (r->status < 300 || (r->status >= 500 && r->status != 503)));
}

/* What is said in public was journalled before, as it is said, and is not said again and again. */
static void check_post(const struct http_request *q, const struct http_reply *r)
{
        struct json_object *body = json_tokener_parse(q->body);
        const char *key = "", *text = mj_str(body, "status"), *visibility = mj_str(body, "visibility");
        int64_t n = 0;

        for (const char *const *h = q->headers; *h; h++)
                if (startswith(*h, "Idempotency-Key: "))
                        key = *h + 17;
        MUST(*key && (!may_have_worked(r) || sends_of(key) <= SENDS_MAX));
        MUST(db_get_int(world_db, &n, "SELECT count(*) FROM part, journal WHERE part.key = ?1 AND part.text = ?2"
                        " AND journal.id = part.reply AND journal.kind = 'reply' AND journal.state = 'sending'", "ss", key,
                        text) >= 0);
        MUST(n == 1);
        MUST(streq(visibility, "unlisted") || streq(visibility, "private") || streq(visibility, "direct"));
        (void) json_object_put(body);
}

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        struct json_object *body = q->body ? json_tokener_parse(q->body) : NULL;

        if (streq(q->method, "POST") && startswith(q->url, "https://social.example/api/"))
                check_post(q, r);
        if (mj_get(body, "Article") && !q->repeatable)
                MUST(count("SELECT count(*) FROM journal WHERE state = 'filing'") > 0);
        MUST(!strstr(q->url, WORLD_SECRET));
        MUST(!q->bearer || startswith(q->url, "https://social.example/"));
        (void) json_object_put(body);
        if (world_requests >= REQUESTS_MAX && !world_flow.draining)
                loop_exit(world_loop, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };

        if (world_knows_secret(data, size))
                return 0;
        world_on_request = on_request;
        world_begin(&in);
        world_attach();
        world_pass(PASS_USEC);
        world_detach();
        /* Nothing is left in between, and what is done has what it led to. */
        MUST(count("SELECT count(*) FROM journal WHERE state IN ('filing', 'sending')") == 0);
        MUST(count("SELECT count(*) FROM journal WHERE state NOT IN ('shown', 'new', 'filed', 'waiting', 'posted', 'ambiguous', "
                   "'held', 'dead', 'withdrawn', 'dropped', 'known', 'done')")
             == 0);
        MUST(count("SELECT count(*) FROM journal WHERE state IN ('held', 'dead') AND coalesce(reason, '') = '' AND id <> 4")
             == 0);
        MUST(count("SELECT count(*) FROM journal WHERE kind = 'reply' AND state = 'posted' AND id <> 2 AND coalesce(result_id, "
                   "'') = ''")
             == 0);
        world_end();
        while (n_keys > 0)
                free(keys[--n_keys].key);
        return 0;
}

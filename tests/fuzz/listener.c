/* SPDX-License-Identifier: MIT
 *
 * Callers of the listener.  The input: a line with two digits, how the helpdesk's hooks are signed and which handshake they
 * have; then calls, with a line "----" between: "METHOD PATH" and the query as "?NAME=VALUE", headers as "Name: value", an empty
 * line, the body.  There is no server: here are the functions by which the listener would use one.
 */
#include "world.h"

#include "admin/daemon.h"
#include "admin/listener.h"
#include "base/clock.h"
#include "host/hook.h"
#include "io/httpd.h"

#define HEADERS_MAX 32

struct line {
        char *name, *value;
};

static struct line lines[HEADERS_MAX];           /* headers, and parameters behind a '?' */
static size_t n_lines;
static httpd_fn answers;
static void *answers_data;
static struct daemon d;

/* --- In the place of the server's --- */

int httpd_listen(const char *where _unused_, int *ret_fd, char **ret_error _unused_)
{
        *ret_fd = -1;
        return 0;
}

bool httpd_was_passed(void)
{
        return false;
}

int httpd_open(struct loop *l _unused_, int fd _unused_, httpd_fn fn, void *data, struct httpd **ret)
{
        answers = fn;
        answers_data = data;
        *ret = NULL;
        return 0;
}

void httpd_free(struct httpd *h _unused_)
{
}

static const char *value_of(const char *name, bool in_query)
{
        for (size_t i = 0; i < n_lines; i++)
                if ((*lines[i].name == '?') == in_query && streq(lines[i].name + in_query, name))
                        return lines[i].value;
        return NULL;
}

const char *httpd_header(const struct httpd_request *r _unused_, const char *name)
{
        return value_of(name, false);
}

const char *httpd_query(const struct httpd_request *r _unused_, const char *name)
{
        return value_of(name, true);
}

/* --- */

static void read_lines(struct input *in)
{
        while (in->size > 0 && n_lines < HEADERS_MAX) {
                char *line = input_line(in);
                size_t n = strcspn(line, *line == '?' ? "=" : ":");

                if (!*line) {
                        free(line);
                        return;
                }
                lines[n_lines].value = xstrdup(line[n] ? line + n + 1 + (line[n] == ':' && line[n + 1] == ' ') : "");
                line[n] = '\0';
                lines[n_lines++].name = line;
        }
}

static bool is_harmless(const char *s)
{
        return !fuzz_has(s, "\"\\<>&\n");
}

/* Nobody who does not know the secret has a hook taken, and all that he is told is whether there is such a page. */
static void check_answer(const char *method, const char *path, const struct httpd_answer *a)
{
        const char *body = buffer_str(&a->body);
        bool is_hook = startswith(path, "/hook/"), shakes = is_hook && a->status == 200;

        MUST(a->status == 200 || a->status == 401 || a->status == 404 || a->status == 405 || a->status == 503);
        MUST(!strstr(body, WORLD_SECRET));
        if (shakes) {
                MUST(streq(method, "GET") && desk->plugin->hook.handshake != MENTIOND_NO_HANDSHAKE && streq(path, "/hook/desk"));
                MUST(a->body.size < 2 * HOOK_CHALLENGE_MAX + 100);
                if (desk->plugin->hook.handshake == MENTIOND_HUB_CHALLENGE)
                        MUST(is_harmless(body));
        } else if (a->status == 401 || a->status == 405 || a->status == 404) {
                MUST(streq(body, "{}"));
        }
        if (is_hook)
                MUST(a->status != 404 && a->status != 503);
}

static void call(struct input *in)
{
        struct httpd_answer a = { .status = 404, .body = { .max = 1024 * 1024 } };
        _cleanup_free_ char *first = input_line(in), *body = NULL;
        char *path = strchr(first, ' ');
        struct httpd_request r;
        size_t size;

        n_lines = 0;
        read_lines(in);
        body = input_until(in, "\n----\n", &size);
        body = xrealloc(body, size + 1);
        body[size] = '\0';
        if (path)
                *path++ = '\0';
        r = (struct httpd_request) { .method = first, .path = path ? path : "/", .body = body, .size = size };
        answers(&r, &a, answers_data);
        check_answer(r.method, r.path, &a);
        buffer_done(&a.body);
        for (size_t i = 0; i < n_lines; i++) {
                free(lines[i].name);
                free(lines[i].value);
        }
}

static void give_hook(struct input *in)
{
        static char *error;
        struct mentiond_hook *hook = (struct mentiond_hook *) &desk->plugin->hook;
        _cleanup_free_ char *line = input_line(in);
        unsigned form = *line ? (unsigned char) line[0] % 5 : 0, handshake = *line && line[1] ? (unsigned char) line[1] % 4 : 0;

        *hook = (struct mentiond_hook) {
                .struct_size = sizeof *hook, .signature = MENTIOND_HMAC_SHA1_HEX + form, .handshake = handshake,
                .header = "X-Signature", .prefix = form == 0 ? "sha1=" : "", .delivery = "X-Delivery",
        };
        MUST(setenv("FUZZ_HOOK_SECRET", WORLD_SECRET "-hook", 1) == 0);
        MUST(secret_read("env:FUZZ_HOOK_SECRET", &desk->options.hook_secret, &error) == 0);
        MUST(secret_read("env:FUZZ_HOOK_SECRET", &desk->options.hook_token, &error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size }, nothing = { .size = 0 };
        _cleanup_free_ char *error = NULL;
        struct listener *l;

        if (world_knows_secret(data, size))
                return 0;
        world_on_request = NULL;
        world_begin(&nothing);
        world_attach();
        desk->state = brand->state = INSTANCE_RUNNING;
        give_hook(&in);
        d = (struct daemon) { .loop = world_loop, .host = world_host, .flow = world_flow, .started_usec = 1 };
        MUST(listener_open(&d, "127.0.0.1:1", &l, &error) == 0);
        while (in.size > 0)
                call(&in);
        world_pass(USEC_PER_SEC);
        listener_free(l);
        world_detach();
        world_end();
        return 0;
}

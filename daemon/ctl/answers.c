/* SPDX-License-Identifier: MIT
 *
 * The folder of answers: reads it, and finds the one that fits a request.  Called by mentiond-check.
 */
#include "ctl/answers.h"

#include "base/buffer.h"

#include <mentiond/json.h>

#include <dirent.h>
#include <errno.h>

#define FILE_MAX (16 * 1024 * 1024)
#define LINE_MAX 999             /* of options */

static char *replaced(const char *text, const char *word, const char *by)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (const char *at; (at = strstr(text, word)); text = at + strlen(word)) {
                (void) buffer_append(&b, text, (size_t) (at - text));
                (void) buffer_append_str(&b, by);
        }
        (void) buffer_append_str(&b, text);
        return buffer_take(&b);
}

static char *read_text(const char *folder, const char *file, const char *url, int *ret_error)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, file), *text = NULL;
        size_t size;

        *ret_error = read_file(path, FILE_MAX, &text, &size);
        return *ret_error < 0 ? NULL : replaced(text, "@URL@", url);
}

/* Cuts the first line off, without its end. */
static char *take_line(char **text)
{
        char *line = *text, *end = line + strcspn(line, "\n");

        *text = *end ? end + 1 : end;
        *end = '\0';
        if (end > line && end[-1] == '\r')
                end[-1] = '\0';
        return line;
}

/* Up to the next blank, or the end. */
static char *take_word(char **line)
{
        char *word = *line;

        *line += strcspn(*line, " ");
        if (**line)
                *(*line)++ = '\0';
        return xstrdup(word);
}

static const char *parse(struct exchange *e, char *text)
{
        struct buffer headers = BUFFER_INIT(SIZE_MAX);
        char *line, *end;

        do
                line = take_line(&text);
        while (*line == '#');
        e->method = take_word(&line);
        e->path = take_word(&line);
        e->asked = xstrdup(line);
        line = take_line(&text);
        e->status = (unsigned) strtoul(line, &end, 10);
        while (*(line = take_line(&text)))
                (void) buffer_printf(&headers, "%s\r\n", line);
        e->headers = buffer_take(&headers);
        e->body = xstrdup(text);
        e->body_size = strlen(text);
        if (!*e->method || (*e->path != '/' && *e->path != '*' && !startswith(e->path, "http")))
                return "does not begin with a method and a path, as in \"GET /api/me\"";
        if (e->status < 200 || e->status > 599 || (*end && *end != ' '))
                return "has no status in its second line, as in \"200\"";
        return NULL;
}

static int by_file(const void *a, const void *b)
{
        return strcmp(((const struct exchange *) a)->file, ((const struct exchange *) b)->file);
}

static char *read_exchange(struct answers *a, const char *file, const char *url)
{
        struct exchange e = { .file = xstrdup(file), .name = xstrndup(file, strcspn(file, "-.")) };
        _cleanup_free_ char *text = NULL;
        const char *wrong;
        int r;

        text = read_text(a->folder, file, url, &r);
        wrong = text ? parse(&e, text) : strerror(-r);
        a->all = xrealloc(a->all, (a->n + 1) * sizeof e);
        a->all[a->n++] = e;
        return wrong ? xasprintf("%s/%s %s", a->folder, file, wrong) : NULL;
}

/* NAME=VALUE, one a line. */
static char *read_options(struct answers *a, const char *url)
{
        _cleanup_free_ char *text = NULL, *whole = NULL;
        unsigned n = 0;
        char *rest;
        int r;

        a->options = (struct section) { .name = xstrdup("check"), .file = "options" };
        text = read_text(a->folder, "options", url, &r);
        if (!text)
                return r == -ENOENT ? NULL : xasprintf("%s/options cannot be read: %s", a->folder, strerror(-r));
        whole = replaced(text, "@FOLDER@", a->folder);
        rest = whole;
        while (*rest) {
                char *line = take_line(&rest), *sign = strchr(line, '=');

                n++;
                if (!*line || *line == '#')
                        continue;
                if (!sign || n > LINE_MAX)
                        return xasprintf("%s/options:%u: this is not NAME=VALUE", a->folder, n);
                *sign = '\0';
                section_add(&a->options, line, sign + 1, n);
        }
        return NULL;
}

int answers_read(struct answers *a, const char *folder, const char *url, char **ret_error)
{
        struct dirent *e;
        DIR *d;

        *a = (struct answers) { .folder = realpath(folder, NULL) };
        d = a->folder ? opendir(a->folder) : NULL;
        if (!d) {
                *ret_error = xasprintf("cannot read the folder %s: %s", folder, strerror(errno));
                return -EINVAL;
        }
        *ret_error = read_options(a, url);
        while (!*ret_error && (e = readdir(d))) {
                size_t size = strlen(e->d_name);

                if (size > 5 && streq(e->d_name + size - 5, ".http") && *e->d_name != '.')
                        *ret_error = read_exchange(a, e->d_name, url);
        }
        (void) closedir(d);
        if (a->n)
                qsort(a->all, a->n, sizeof *a->all, by_file);
        return *ret_error ? -EINVAL : 0;
}

void answers_done(struct answers *a)
{
        for (size_t i = 0; i < a->n; i++) {
                struct exchange *e = &a->all[i];

                free(e->file);
                free(e->name);
                free(e->method);
                free(e->path);
                free(e->asked);
                free(e->headers);
                free(e->body);
        }
        free(a->all);
        free(a->folder);
        section_done(&a->options);
}

/* '*' is any text. */
static bool fits(const char *pattern, const char *text)
{
        const char *star = NULL, *from = NULL;

        while (*text) {
                if (*pattern == '*') {
                        star = pattern++;
                        from = text;
                } else if (*pattern == *text) {
                        pattern++;
                        text++;
                } else if (star) {
                        pattern = star + 1;
                        text = ++from;
                } else {
                        return false;
                }
        }
        return !pattern[strspn(pattern, "*")];
}

static const struct exchange *find_of(const struct answers *a, const char *name, const char *method, const char *path,
                                      const char *body)
{
        for (size_t i = 0; i < a->n; i++) {
                const struct exchange *e = &a->all[i];

                if (streq(e->name, name) && fits(e->method, method) && fits(e->path, path)
                    && (!*e->asked || fits(e->asked, body)))
                        return e;
        }
        return NULL;
}

const struct exchange *answers_find(const struct answers *a, const char *name, const char *method, const char *path,
                                    const char *body)
{
        const struct exchange *e = find_of(a, name, method, path, body);

        if (!e && streq(name, "absent"))
                e = find_of(a, "find", method, path, body);
        return e ? e : find_of(a, "any", method, path, body);
}

bool answers_has(const struct answers *a, const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/%s.json", a->folder, name);

        if (access(path, F_OK) == 0)
                return true;
        for (size_t i = 0; i < a->n; i++)
                if (streq(a->all[i].name, name))
                        return true;
        return false;
}

struct json_object *answers_arguments(const struct answers *a, const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/%s.json", a->folder, name);

        return json_object_from_file(path);
}

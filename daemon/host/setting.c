/* SPDX-License-Identifier: MIT
 *
 * Settings, option tables, secrets.  Owns nothing.  Called by admin/config, which reads the file, and by
 * host/instance, which fills states.
 */
#include "host/setting.h"

#include "base/log.h"
#include "base/text.h"
#include "io/http.h"

#include <errno.h>
#include <json-c/json.h>
#include <strings.h>

#define SECRET_MAX (16 * 1024)          /* a JWT with many claims; anything larger is the wrong file */
#define SENTENCE_MAX 1000               /* bytes; a value that makes it longer is not read to its end */
#define NAMES_MAX 128                   /* options of one instance */

struct mentiond_secret {
        char *value;
};

void problem_add(struct problems *p, const char *file, unsigned line, const char *format, ...)
{
        _cleanup_free_ char *text = NULL, *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        sentence = log_escape(text, SENTENCE_MAX);       /* a value may hold line ends */
        p->n++;
        if (line)
                (void) buffer_printf(&p->text, "%s:%u: %s\n", file, line, sentence);
        else
                (void) buffer_printf(&p->text, "%s: %s\n", file, sentence);
}

/* --- Sections --- */

void section_add(struct section *s, const char *name, const char *value, unsigned line)
{
        s->settings = xrealloc(s->settings, (s->n + 1) * sizeof *s->settings);
        s->settings[s->n++] = (struct setting) { xstrdup(name), xstrdup(value), line };
}

void section_done(struct section *s)
{
        for (size_t i = 0; i < s->n; i++) {
                free(s->settings[i].name);
                free(s->settings[i].value);
        }
        free(s->settings);
        free(s->name);
        *s = (struct section) { .name = NULL };
}

const struct setting *section_get(const struct section *s, const char *name)
{
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->settings[i].name, name))
                        return &s->settings[i];
        return NULL;
}

bool section_equal(const struct section *a, const struct section *b)
{
        if (a->n != b->n || !streq(a->name, b->name))
                return false;
        for (size_t i = 0; i < a->n; i++) {
                const struct setting *other = section_get(b, a->settings[i].name);

                if (!other || !streq(other->value, a->settings[i].value))
                        return false;
        }
        return true;
}

/* --- Secrets --- */

int secret_read(const char *spec, struct mentiond_secret **ret, char **ret_error)
{
        _cleanup_free_ char *path = NULL, *value = NULL;
        size_t size;
        int r;

        if (startswith(spec, "env:")) {
                const char *env = getenv(spec + 4);

                if (!env) {
                        *ret_error = xasprintf("the environment has no variable %s", spec + 4);
                        return -ENOENT;
                }
                value = xstrdup(env);
        } else {
                if (startswith(spec, "credential:")) {
                        const char *directory = getenv("CREDENTIALS_DIRECTORY");

                        if (!directory) {
                                *ret_error = xasprintf("there are no credentials: start mentiond as a systemd service with"
                                                       " LoadCredential=%s:PATH, or use file:PATH", spec + 11);
                                return -ENOENT;
                        }
                        if (strchr(spec + 11, '/')) {
                                *ret_error = xstrdup("a credential's name has no '/'");
                                return -EINVAL;
                        }
                        path = xasprintf("%s/%s", directory, spec + 11);
                } else if (startswith(spec, "file:")) {
                        path = xstrdup(spec + 5);
                } else {
                        *ret_error = xstrdup(
                                "a secret is given as \"credential:NAME\", \"file:PATH\" or \"env:NAME\", never as itself");
                        return -EINVAL;
                }
                r = read_file(path, SECRET_MAX, &value, &size);
                if (r < 0) {
                        *ret_error = xasprintf("cannot read %s: %s", path, strerror(-r));
                        return r;
                }
        }
        value[strcspn(value, "\r\n")] = '\0';
        if (!*value) {
                *ret_error = xasprintf("the secret %s is empty", spec);
                return -EINVAL;
        }
        *ret = secret_new(value);
        explicit_bzero(value, strlen(value));
        return 0;
}

struct mentiond_secret *secret_new(const char *value)
{
        struct mentiond_secret *s = xcalloc(1, sizeof *s);

        s->value = xstrdup(value);
        return s;
}

void secret_free(struct mentiond_secret *s)
{
        if (!s)
                return;
        explicit_bzero(s->value, strlen(s->value));
        free(s->value);
        free(s);
}

const char *secret_value(const struct mentiond_secret *s)
{
        return s ? s->value : "";
}

/* --- Options --- */

const struct mentiond_option *options_at(const struct options *o, size_t i)
{
        const struct mentiond_option *row;

        if (!o->rows)
                return NULL;
        row = (const void *) ((const char *) o->rows + i * o->stride);
        return row->name ? row : NULL;
}

static const struct mentiond_option *find_option(const struct options *o, const char *name, size_t size)
{
        const struct mentiond_option *row;

        for (size_t i = 0; (row = options_at(o, i)); i++)
                if (!strncmp(row->name, name, size) && !row->name[size])
                        return row;
        return NULL;
}

static const char *parse_number(const struct mentiond_option *o, const char *value, int64_t *ret)
{
        int r;

        switch (o->type) {
        case MENTIOND_DURATION:
                if (text_parse_duration(value, ret) < 0)
                        return "is no duration (as \"30s\", \"5m\", \"2h\", \"7d\")";
                break;
        case MENTIOND_SIZE:
                if (text_parse_size(value, ret) < 0)
                        return "is no size (as \"512K\", \"10M\")";
                break;
        default: {
                char *end;

                errno = 0;
                *ret = strtoll(value, &end, 10);
                r = errno || end == value || *end;
                if (r)
                        return "is no whole number";
        }
        }
        if ((o->min || o->max) && (*ret < o->min || *ret > o->max))
                return "is out of bounds";
        return NULL;
}

/* NULL, or what is wrong with the value; malloced. */
static char *fill_one(const struct mentiond_option *o, void *state, const char *value)
{
        void *field = (char *) state + o->offset;
        const char *wrong;

        switch (o->type) {
        case MENTIOND_STRING:
                strset(field, value);
                return NULL;
        case MENTIOND_SECRET: {
                struct mentiond_secret *s = NULL;
                char *error = NULL;

                if (secret_read(value, &s, &error) < 0)
                        return error;
                if (strlen(s->value) < (size_t) o->min) {
                        secret_free(s);
                        return xasprintf("the secret is shorter than %lld characters", (long long) o->min);
                }
                secret_free(*(struct mentiond_secret **) field);
                *(struct mentiond_secret **) field = s;
                return NULL;
        }
        case MENTIOND_URL: {
                _cleanup_free_ char *url = xstrdup(value);

                if (http_check_url(url) < 0)
                        return xasprintf("\"%s\" is no http or https URL", value);
                for (size_t n = strlen(url); n && url[n - 1] == '/' && !(o->flags & MENTIOND_WHOLE_URL); n--)
                        url[n - 1] = '\0';
                strset(field, url);
                return NULL;
        }
        case MENTIOND_BOOL:
                if (!streq(value, "true") && !streq(value, "false"))
                        return xasprintf("\"%s\" is neither true nor false", value);
                *(uint32_t *) field = streq(value, "true");
                return NULL;
        case MENTIOND_INT:
        case MENTIOND_DURATION:
        case MENTIOND_SIZE:
                wrong = parse_number(o, value, field);
                return wrong ? xasprintf("\"%s\" %s", value, wrong) : NULL;
        default:
                return xasprintf("the plugin gives it a type that this mentiond does not know");
        }
}

static void report_unknown(const struct options *tables, size_t n_tables, const struct section *s,
                           const struct setting *set, struct problems *p)
{
        const char *names[NAMES_MAX + 1];
        _cleanup_free_ char *name = xstrndup(set->name, strcspn(set->name, "."));
        const struct mentiond_option *row;
        const char *near;
        size_t n = 0;

        for (size_t t = 0; t < n_tables; t++)
                for (size_t i = 0; (row = options_at(&tables[t], i)) && n < NAMES_MAX; i++)
                        names[n++] = row->name;
        names[n] = NULL;
        near = text_nearest(name, names);
        if (near)
                problem_add(p, s->file, set->line, "%s: unknown option \"%s\" (did you mean \"%s\"?)", s->name, name, near);
        else
                problem_add(p, s->file, set->line, "%s: unknown option \"%s\"", s->name, name);
}

/* Settings have the name of an option, or, those of a list, begin with it. */
static void judge_name(const struct options *tables, size_t n_tables, const struct section *s, const struct setting *set,
                       struct problems *p)
{
        size_t size = strcspn(set->name, ".");
        const struct mentiond_option *row = NULL;

        for (size_t t = 0; t < n_tables && !row; t++)
                row = find_option(&tables[t], set->name, size);
        if (!row)
                report_unknown(tables, n_tables, s, set, p);
        else if (set->name[size] && row->type != OPTION_LIST)
                problem_add(p, s->file, set->line, "%s: %s: one value is wanted, and no list", s->name, row->name);
}

void options_fill(const struct options *tables, void *const *states, size_t n_tables, const struct section *s,
                  struct problems *p)
{
        const struct mentiond_option *row;

        for (size_t t = 0; t < n_tables; t++)
                for (size_t i = 0; (row = options_at(&tables[t], i)); i++) {
                        const struct setting *set = section_get(s, row->name);
                        const char *value = set ? set->value : row->default_value;
                        _cleanup_free_ char *wrong = NULL;

                        if (row->type == OPTION_LIST)
                                continue;
                        if (!value || (row->flags & MENTIOND_REQUIRED && !*value)) {
                                if (row->flags & MENTIOND_REQUIRED)
                                        problem_add(p, s->file, s->line, "%s: \"%s\" is missing: %s", s->name, row->name,
                                                    row->help);
                                else if (row->type == MENTIOND_STRING || row->type == MENTIOND_URL)
                                        strset((char **) ((char *) states[t] + row->offset), "");
                                continue;
                        }
                        wrong = fill_one(row, states[t], value);
                        if (wrong)
                                problem_add(p, s->file, set ? set->line : s->line, "%s: %s: %s", s->name, row->name, wrong);
                }
        for (size_t i = 0; i < s->n; i++)
                judge_name(tables, n_tables, s, &s->settings[i], p);
}

void options_free(const struct options *table, void *state)
{
        const struct mentiond_option *row;

        for (size_t i = 0; (row = options_at(table, i)); i++) {
                void **field = (void **) ((char *) state + row->offset);

                if (row->type == MENTIOND_STRING || row->type == MENTIOND_URL) {
                        free(*field);
                        *field = NULL;
                } else if (row->type == MENTIOND_SECRET) {
                        secret_free(*field);
                        *field = NULL;
                }
        }
}

void option_describe(const struct mentiond_option *o, struct buffer *b)
{
        static const char *const types[] = {
                [MENTIOND_STRING] = "text",        [MENTIOND_SECRET] = "secret",    [MENTIOND_URL] = "URL",
                [MENTIOND_BOOL] = "true or false", [MENTIOND_INT] = "number",       [MENTIOND_DURATION] = "duration",
                [MENTIOND_SIZE] = "size",          [OPTION_LIST] = "list of texts",
        };

        (void) buffer_printf(b, "  %-16s %s", o->name, o->type < ELEMENTSOF(types) && types[o->type] ? types[o->type] : "?");
        if (o->flags & MENTIOND_REQUIRED)
                (void) buffer_printf(b, ", required");
        else if (!isempty(o->default_value))
                (void) buffer_printf(b, ", default %s", o->default_value);
        (void) buffer_printf(b, "\n  %-16s %s\n", "", strempty(o->help));
}

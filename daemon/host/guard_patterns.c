/* SPDX-License-Identifier: MIT
 *
 * The patterns of a channel's guard.  Owns the only use of PCRE2.  Called by host/instance, which makes them from the
 * configuration, and by flow/guard.
 *
 * They are interpreted, not compiled to machine code: the service may make no memory executable.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "host/guard_patterns.h"

#include "base/text.h"

#include <errno.h>
#include <pcre2.h>

/* An admin's pattern meets an agent's text in the loop.  PCRE2 counts steps anew at each place of the text: patterns as in the
 * manual take under 100, and one that goes back and forth without an end is given up after a millisecond. */
#define MATCH_LIMIT 10000
#define HEAP_LIMIT_KB 4096

static const struct {
        const char *name;
        unsigned flag;
} checks[] = {
        { "cards", GUARD_CARDS }, { "ibans", GUARD_IBANS }, { "mail", GUARD_MAIL }, { "phones", GUARD_PHONES },
        { "patterns", GUARD_PATTERNS }, { "customer", GUARD_CUSTOMER }, { "notes", GUARD_NOTES }, { "files", GUARD_FILES },
};

static void *allocate(size_t size, void *data _unused_)
{
        return xmalloc(size);
}

static void release(void *p, void *data _unused_)
{
        free(p);
}

static char *compile(const char *text, void **ret)
{
        pcre2_general_context *general = pcre2_general_context_create(allocate, release, NULL);
        pcre2_compile_context *context = pcre2_compile_context_create(general);
        uint32_t empty = 0;
        PCRE2_SIZE at = 0;
        pcre2_code *code;
        int error;

        code = pcre2_compile((PCRE2_SPTR) text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error,
                             &at, context);
        pcre2_compile_context_free(context);
        pcre2_general_context_free(general);
        if (!code) {
                PCRE2_UCHAR why[128];

                if (pcre2_get_error_message(error, why, sizeof why) < 0)
                        why[0] = '\0';
                return xasprintf("\"%s\" is no pattern: behind %zu bytes: %s", text, (size_t) at, (const char *) why);
        }
        (void) pcre2_pattern_info(code, PCRE2_INFO_MATCHEMPTY, &empty);
        if (empty) {
                pcre2_code_free(code);
                return xasprintf("the pattern \"%s\" also matches where there is nothing, and so every text", text);
        }
        *ret = code;
        return NULL;
}

int guard_pattern_match(const struct guard_pattern *p, const char *text, size_t size, size_t from, size_t *ret_start,
                        size_t *ret_end)
{
        pcre2_general_context *general = pcre2_general_context_create(allocate, release, NULL);
        pcre2_match_context *context = pcre2_match_context_create(general);
        pcre2_match_data *data = pcre2_match_data_create(1, general);
        int n, r = 0;

        (void) pcre2_set_match_limit(context, MATCH_LIMIT);
        (void) pcre2_set_heap_limit(context, HEAP_LIMIT_KB);
        n = pcre2_match(p->code, (PCRE2_SPTR) text, size, from, PCRE2_NOTEMPTY | PCRE2_NO_UTF_CHECK, data, context);
        if (n >= 0) {
                const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);

                /* \K may set the beginning behind the end. */
                *ret_start = MIN(ends[0], ends[1]);
                *ret_end = MAX(ends[0], ends[1]);
                r = 1;
        } else if (n != PCRE2_ERROR_NOMATCH) {
                r = -E2BIG;
        }
        pcre2_match_data_free(data);
        pcre2_match_context_free(context);
        pcre2_general_context_free(general);
        return r;
}

/* The part of a setting's name that says which of a list it is, or "" where it stands for all of it; NULL: another option's. */
static const char *entry_of(const struct setting *set, const char *option)
{
        size_t n = strlen(option);

        if (!startswith(set->name, option))
                return NULL;
        return set->name[n] == '.' ? set->name + n + 1 : set->name[n] ? NULL : "";
}

static struct guard_pattern *add(struct guard_pattern **list, size_t *n, const char *name)
{
        *list = xrealloc(*list, (*n + 1) * sizeof **list);
        (*list)[*n] = (struct guard_pattern) { .name = xstrdup(name) };
        return &(*list)[(*n)++];
}

static char *take_checks(struct guard_patterns *g, const char *value)
{
        _cleanup_free_ char *words = xstrdup(value);
        const char *names[ELEMENTSOF(checks) + 1] = { NULL };
        char *rest = words, *word;

        if (streq(value, "true") || streq(value, "false")) {
                g->checks = streq(value, "true") ? GUARD_ALL : 0;
                return NULL;
        }
        for (size_t i = 0; i < ELEMENTSOF(checks); i++)
                names[i] = checks[i].name;
        while ((word = strsep(&rest, ", \t\n"))) {
                size_t i = 0;

                while (i < ELEMENTSOF(checks) && !streq(word, names[i]))
                        i++;
                if (i < ELEMENTSOF(checks)) {
                        g->checks |= checks[i].flag;
                } else if (*word) {
                        const char *near = text_nearest(word, names);

                        return near ? xasprintf("\"%s\" is nothing that can be looked for (did you mean \"%s\"?)", word, near)
                                    : xasprintf("\"%s\" is nothing that can be looked for: true, false, or some of cards, ibans, "
                                                "mail, phones, patterns, customer, notes, files",
                                                word);
                }
        }
        return g->checks ? NULL : xasprintf("\"%s\" says neither true nor false nor what to look for", value);
}

static char *take_allowed(struct guard_patterns *g, const char *value)
{
        struct guard_pattern *one = add(&g->allowed, &g->n_allowed, value);
        size_t n = strlen(value);
        _cleanup_free_ char *inner = NULL;

        if (!value[strspn(value, " \t\n")])
                return xstrdup("an empty text allows nothing");
        if (n < 3 || value[0] != '/' || value[n - 1] != '/') {
                one->literal = xstrdup(value);
                return NULL;
        }
        inner = xstrndup(value + 1, n - 2);
        return compile(inner, &one->code);
}

struct guard_patterns *guard_patterns_new(const struct section *s, const char *value, struct problems *p)
{
        struct guard_patterns *g = xcalloc(1, sizeof *g);
        size_t problems_before = p->n;
        _cleanup_free_ char *wrong = take_checks(g, value);

        if (wrong) {
                const struct setting *set = section_get(s, "guard");

                problem_add(p, s->file, set ? set->line : s->line, "%s: guard: %s", s->name, wrong);
        }
        for (size_t i = 0; i < s->n; i++) {
                const struct setting *set = &s->settings[i];
                const char *held = entry_of(set, "guard_patterns"), *allowed = entry_of(set, "guard_allow");
                _cleanup_free_ char *error = NULL;

                if (held)
                        error = compile(set->value, &add(&g->held, &g->n_held, *held ? held : "1")->code);
                else if (allowed)
                        error = take_allowed(g, set->value);
                if (error)
                        problem_add(p, s->file, set->line, "%s: %s: %s", s->name, set->name, error);
        }
        if (p->n == problems_before)
                return g;
        guard_patterns_free(g);
        return NULL;
}

static void free_patterns(struct guard_pattern *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(list[i].name);
                free(list[i].literal);
                pcre2_code_free(list[i].code);
        }
        free(list);
}

void guard_patterns_free(struct guard_patterns *g)
{
        if (!g)
                return;
        free_patterns(g->held, g->n_held);
        free_patterns(g->allowed, g->n_allowed);
        free(g);
}

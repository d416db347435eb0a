/* SPDX-License-Identifier: MIT
 *
 * The shortest history of a broken seed: kinds of trouble and acts of people are left out, one after the other, for as long
 * as the same kind of rule still breaks.  Owns what is left out.
 */
#include "sim.h"

#define RUNS_MAX 400             /* of the shortened world: about half a minute */

struct omission omitted;

static const char *const kinds[_OMISSIONS] = {
        "crashes", "storms", "disk faults", "clock jumps", "the operator", "single faults on the way", "loss of power", "merges",
        "deletes", "foreign tickets", "edits", "floods", "posts by the app", "spam filter", "media", "commands", "other networks", "secrets",
        "idle hours", "forgetting", "tickets that stay closed", "windows",
};

void omit_from_plan(struct plan *p)
{
        int64_t *const zero[] = { &p->crash_usec, &p->storm_usec, &p->disk_usec, &p->jump_usec, &p->operator_usec };
        int *const none[] = { &p->net_permille, &p->power_permille };
        bool *const off[] = { &p->merges, &p->deletes, &p->foreign, &p->edits, &p->floods, &p->app_posts, &p->spam, &p->media, &p->commands };
        size_t kind = 0;

        for (size_t i = 0; i < ELEMENTSOF(zero); i++, kind++)
                *zero[i] = omitted.kinds[kind] ? 0 : *zero[i];
        for (size_t i = 0; i < ELEMENTSOF(none); i++, kind++)
                *none[i] = omitted.kinds[kind] ? 0 : *none[i];
        for (size_t i = 0; i < ELEMENTSOF(off); i++, kind++)
                *off[i] &= !omitted.kinds[kind];
        if (omitted.kinds[kind++])
                p->networks = 1;
        if (omitted.kinds[kind++])
                p->secrets = false;
        if (omitted.kinds[kind++])
                p->idle_usec = 0;
        if (omitted.kinds[kind++])
                p->forget_usec = 0;
        if (omitted.kinds[kind++])
                p->reopen_usec = 0;
        if (omitted.kinds[kind++])
                p->windows = false;
}

bool is_omitted(const bool *list, int number)
{
        return number < NUMBERS_MAX && list[number];
}

struct search {
        uint64_t seed;
        enum category category;
        bool (*breaks)(uint64_t seed, enum category c);
        int runs;
};

static void try(struct search *s, const struct omission *tried)
{
        struct omission before = omitted;

        if (++s->runs > RUNS_MAX)
                return;
        omitted = *tried;
        if (!s->breaks(s->seed, s->category))
                omitted = before;
}

/* Leaves out halves, quarters and so on of a list within omitted; returns how many of n are left. */
static int halve(struct search *s, size_t list, int n)
{
        bool *flags = (bool *) ((char *) &omitted + list);
        int left = 0;

        n = MIN(n, NUMBERS_MAX);
        for (int size = MAX(n / 2, 1); size >= 1; size /= 2)
                for (int from = n - 1; from >= 0; from -= size) {
                        struct omission tried = omitted;
                        bool *to = (bool *) ((char *) &tried + list), any = false;

                        for (int i = from; i > from - size && i >= 0; i--) {
                                any |= !to[i];
                                to[i] = true;
                        }
                        if (any)
                                try(s, &tried);
                }
        for (int i = 0; i < n; i++)
                left += !flags[i];
        return left;
}

void shorten(uint64_t seed, enum category c, const struct result *r, bool (*breaks)(uint64_t seed, enum category c))
{
        struct search s = { .seed = seed, .category = c, .breaks = breaks };
        int acts, crashes, faults, without = 0;

        for (int kind = 0; kind < _OMISSIONS; kind++) {
                struct omission tried = omitted;

                tried.kinds[kind] = true;
                try(&s, &tried);
        }
        acts = halve(&s, offsetof(struct omission, acts), r->acts);
        crashes = halve(&s, offsetof(struct omission, crashes), r->crash_times);
        faults = halve(&s, offsetof(struct omission, faults), r->faults);
        printf("seed %llu also breaks with %d of %d acts of people, %d of %d crashes and %d of %d faults on the way, and without",
               (unsigned long long) seed, acts, r->acts, crashes, r->crash_times, faults, r->faults);
        for (int kind = 0; kind < _OMISSIONS; kind++)
                if (omitted.kinds[kind])
                        printf("%s %s", without++ ? "," : "", kinds[kind]);
        printf("%s:\n", without ? "" : " nothing");
}

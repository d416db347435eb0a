/* SPDX-License-Identifier: MIT
 *
 * Counters for the metrics page and `mentionctl status`: owns all of them, for the life of the process.
 * Called on the loop's thread only; any layer may count.
 */
#include "base/counter.h"

/* Labels come from code (verdicts, states), but a wrong one that carries an id must not eat the memory:
 * what is new beyond this is counted under its name alone, labelled "other". */
#define COUNTER_MAX 16384

struct counter {
        char *name, *instance, *label;
        uint64_t hash, value;
};

static struct counter *counters;
static size_t n_counters, allocated;
static uint32_t *slots;                /* open addressing: index into counters + 1, 0 is free */
static size_t n_slots;                 /* power of two, at least twice n_counters */

static uint64_t hash_string(uint64_t hash, const char *s)
{
        /* FNV-1a; the NUL is taken in too, so that ("ab", "c") is not ("a", "bc"). */
        do
                hash = (hash ^ (unsigned char) *s) * UINT64_C(0x100000001b3);
        while (*s++);
        return hash;
}

static uint64_t hash_of(const char *name, const char *instance, const char *label)
{
        return hash_string(hash_string(hash_string(UINT64_C(0xcbf29ce484222325), name), instance), label);
}

/* The slot that holds it, or the free one where it belongs. */
static uint32_t *find_slot(uint64_t hash, const char *name, const char *instance, const char *label)
{
        for (size_t i = hash & (n_slots - 1); ; i = (i + 1) & (n_slots - 1)) {
                const struct counter *c = slots[i] ? &counters[slots[i] - 1] : NULL;

                if (!c || (c->hash == hash && streq(c->name, name) && streq(c->instance, instance) &&
                           streq(c->label, label)))
                        return &slots[i];
        }
}

static void grow_slots(void)
{
        n_slots = MAX(n_slots * 2, (size_t) 64);
        free(slots);
        slots = xcalloc(n_slots, sizeof(*slots));
        for (size_t i = 0; i < n_counters; i++) {
                const struct counter *c = &counters[i];

                *find_slot(c->hash, c->name, c->instance, c->label) = (uint32_t) (i + 1);
        }
}

void counter_add(const char *name, const char *instance, const char *label, uint64_t n)
{
        name = strempty(name);
        instance = strempty(instance);
        label = strempty(label);

        if (n_slots < (n_counters + 1) * 2)
                grow_slots();

        uint64_t hash = hash_of(name, instance, label);
        uint32_t *slot = find_slot(hash, name, instance, label);

        if (*slot) {
                counters[*slot - 1].value += n;
                return;
        }
        if (n_counters >= COUNTER_MAX && !(isempty(instance) && streq(label, "other"))) {
                counter_add(name, "", "other", n);
                return;
        }
        if (n_counters == allocated) {
                allocated = MAX(allocated * 2, (size_t) 32);
                counters = xrealloc(counters, allocated * sizeof(*counters));
        }
        counters[n_counters] = (struct counter) {
                .name = xstrdup(name), .instance = xstrdup(instance), .label = xstrdup(label),
                .hash = hash, .value = n,
        };
        *slot = (uint32_t) ++n_counters;
}

uint64_t counter_get(const char *name, const char *instance, const char *label)
{
        name = strempty(name);
        instance = strempty(instance);
        label = strempty(label);

        if (n_slots == 0)
                return 0;

        uint32_t slot = *find_slot(hash_of(name, instance, label), name, instance, label);
        return slot ? counters[slot - 1].value : 0;
}

void counter_each(void (*fn)(const char *name, const char *instance, const char *label, uint64_t value, void *data),
                  void *data)
{
        /* By index and from a copy: fn may count, and that may move the array. */
        for (size_t i = 0; i < n_counters; i++) {
                struct counter c = counters[i];

                fn(c.name, c.instance, c.label, c.value, data);
        }
}

/* --- The loop's delay --- */

const int64_t counter_delay_bounds[] = { 2 * USEC_PER_MSEC, 10 * USEC_PER_MSEC, 50 * USEC_PER_MSEC, 200 * USEC_PER_MSEC,
                                         USEC_PER_SEC, 5 * USEC_PER_SEC, 30 * USEC_PER_SEC };
static struct counter_delay delay;

void counter_late(int64_t usec)
{
        delay.n++;
        delay.sum_usec += usec;
        delay.max_usec = MAX(delay.max_usec, usec);
        for (size_t i = 0; i < ELEMENTSOF(counter_delay_bounds); i++)
                delay.within[i] += usec <= counter_delay_bounds[i];
}

const struct counter_delay *counter_delay(void)
{
        return &delay;
}

void counter_reset(void)
{
        delay = (struct counter_delay) { .n = 0 };
        for (size_t i = 0; i < n_counters; i++) {
                free(counters[i].name);
                free(counters[i].instance);
                free(counters[i].label);
        }
        free(counters);
        free(slots);
        counters = NULL;
        slots = NULL;
        n_counters = allocated = n_slots = 0;
}

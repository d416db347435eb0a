/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": an account on Mastodon, GoToSocial, snac2 or another server with Mastodon's API.  Called by
 * the host only; owns its options and what start() learns.  Manual: mentiond-mastodon(5).
 */
#include "mastodon.h"

#include <stdio.h>

/* Where a server does not say what it takes: what all of them do. */
#define FILES_MAX 4
#define FILE_SIZE_MAX (8 * 1024 * 1024)
#define FILE_TYPES "image/png image/jpeg image/gif"
#define DESCRIPTION_MAX 1500

#define NO_REMOVAL 2075                  /* snac 2.75 has no request for it, 2.96 has */

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct mastodon, server, "server", MENTIOND_URL,
                        .help = "Address of the account's server", .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct mastodon, token, "token", MENTIOND_SECRET,
                        .help = "Access token of the account", .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
        { .name = NULL },
};

/* The verdict on a request that addresses no post.  Refused: a bad token is 422 in snac; a disabled account, or a
 * token without the scope, is 403.  Not found: a proxy without the server behind it. */
static int about_account(int verdict)
{
        return verdict == MENTIOND_REJECTED ? MENTIOND_AUTH : verdict == MENTIOND_GONE ? MENTIOND_RETRY : verdict;
}

int mastodon_instance(struct mentiond_op *op, struct json_object **ret)
{
        int r = mentiond_get_json(op, ret, "/api/v2/instance");

        return r == MENTIOND_GONE ? mentiond_get_json(op, ret, "/api/v1/instance") : r;
}

int mastodon_snac(struct json_object *instance)
{
        const char *version = strstr(mj_str(instance, "version"), "snac/");
        int major = 0, minor = 0;

        return version && sscanf(version, "snac/%4d.%3d", &major, &minor) == 2 ? major * 1000 + minor : 0;
}

static const char *file_types(struct mentiond_op *op, struct json_object *files)
{
        struct json_object *types = mj_get(files, "supported_mime_types");
        const char *all = "";

        for (size_t i = 0; i < mj_len(types); i++)
                if (*mj_str_at(types, i))
                        all = mentiond_format(op, "%s%s%s", all, *all ? " " : "", mj_str_at(types, i));
        return mastodon_either(all, FILE_TYPES);
}

static uint32_t limit(struct json_object *of, const char *name, uint32_t missing)
{
        int64_t n = mj_int(of, name, missing);

        return n >= 0 && n <= UINT32_MAX ? (uint32_t) n : missing;
}

/* GoToSocial announces a length for URLs too, but counts every code point. */
static void set_caps(struct mentiond_op *op, const struct mastodon *m, struct json_object *instance)
{
        struct json_object *configuration = mj_get(instance, "configuration"),
                           *files = mj_get(configuration, "media_attachments");
        struct json_object *limits = mj_get(configuration, "statuses");
        int snac = mastodon_snac(instance);

        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = m->like_mastodon ? MENTIOND_GRAPHEMES : MENTIOND_CODE_POINTS,
                .length_max = mj_int(limits, "max_characters", 500),
                .url_length = m->like_mastodon ? mj_int(limits, "characters_reserved_per_url", 23) : 0,
                .handle_is_local = m->like_mastodon,
                .flags = MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST
                         | (snac && snac <= NO_REMOVAL ? 0 : MENTIOND_CAN_REMOVE),
                .uploads_max = limit(limits, "max_media_attachments", FILES_MAX),
                .description_max = limit(files, "description_limit", DESCRIPTION_MAX),
                .upload_size_max = limit(files, "image_size_limit", FILE_SIZE_MAX),
                .upload_types = file_types(op, files),
        });
}

static int start(struct mentiond_op *op, void *state)
{
        struct mastodon *m = state;
        struct json_object *account = NULL, *instance = NULL;

        int r = mentiond_get_json(op, &account, "/api/v1/accounts/verify_credentials");
        if (r == MENTIOND_OK)
                r = mastodon_instance(op, &instance);
        if (r != MENTIOND_OK)
                return about_account(r);

        const char *id = mj_str(account, "id"), *acct = mj_str(account, "acct");
        if (!*id || !*acct)
                return mentiond_fail(op, MENTIOND_BUG, "the server does not say whose token this is");
        /* GoToSocial's "domain" is its host; snac says neither, but has the domain in acct. */
        const char *domain = mastodon_either(mj_str(instance, "account_domain"), mj_str(instance, "domain"));
        mentiond_set_self(op, id, mentiond_format(op, strchr(acct, '@') ? "@%s" : "@%s@%s", acct,
                                                  mastodon_either(domain, strstr(m->server, "://") + 3)));

        m->like_mastodon = mj_int(mj_get(instance, "api_versions"), "mastodon", 0) > 0;
        m->snac = mastodon_snac(instance) > 0;
        set_caps(op, m, instance);
        return MENTIOND_OK;
}

/* Newest first, back to a page that ends before the horizon and holds nothing new from before it.  Going on from the newest
 * id would lose mentions: servers hand out ids before they show them, and out of order.
 *
 * Each page begins below the last id but one, and so shows the last again.  If that is all, it is the end, which a
 * short page is not: GoToSocial leaves items out after counting them.  If there is nothing, snac has lost the id. */
static int poll(struct mentiond_op *op, void *state)
{
        enum { BELOW, LAST, BOTTOM };
        const char *at[] = { "", "", "" };       /* ids: where the page begins, what it ends with, and what the one before did */
        int64_t oldest_usec = INT64_MAX;
        const struct mastodon *m = state;
        bool strays;

        do {
                struct json_object *page = NULL, *item;

                mentiond_turn_page(op, at, 3);
                int r = mentiond_get_json(op, &page,
                                          "/api/v1/notifications?types[]=mention&include_filtered=true&limit=40%s%s",
                                          *at[BELOW] ? "&max_id=" : "", mentiond_escape(op, at[BELOW]));
                if (r != MENTIOND_OK)
                        return about_account(r);
                if (!json_object_is_type(page, json_type_array) || (*at[BELOW] && mj_len(page) == 0))
                        return mentiond_fail(op, MENTIOND_RETRY, "the list of notifications breaks off");

                at[BOTTOM] = at[LAST];
                strays = false;
                MJ_EACH(item, page) {
                        int64_t seen_usec = mentiond_parse_time(mj_str(item, "created_at"));
                        const char *id = mj_str(item, "id");

                        if (mj_is(item, "type", "mention")) {     /* snac sends all types */
                                struct mentiond_mention *mention = mastodon_mention(op, m, mj_get(item, "status"));
                                mention->seen_usec = seen_usec;
                                strays |= mentiond_emit(op, mention) && seen_usec <= mentiond_horizon_usec(op);
                        }
                        if (*id) {
                                at[BELOW] = at[LAST];
                                at[LAST] = id;
                        }
                        if (seen_usec)
                                oldest_usec = seen_usec;
                }
        } while (*at[BELOW] && strcmp(at[LAST], at[BOTTOM]) != 0 && (strays || oldest_usec > mentiond_horizon_usec(op)));
        return MENTIOND_OK;
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *status = NULL, *context = NULL;
        const struct mastodon *m = state;

        int r = mastodon_get(op, &status, id, "");
        if (r == MENTIOND_OK)
                r = mastodon_get(op, &context, id, "/context");
        if (r != MENTIOND_OK)
                return r;

        struct json_object *ancestors = mj_get(context, "ancestors"), *ancestor;
        MJ_EACH(ancestor, ancestors)
                mentiond_emit_ancestor(op, mastodon_mention(op, m, ancestor));
        struct mentiond_mention *mention = mastodon_mention(op, m, status);
        /* the first that is left */
        mention->root = mj_len(ancestors) ? mastodon_id(op, mj_str(mj_at(ancestors, 0), "id")) : id;
        (void) mentiond_emit(op, mention);
        return MENTIOND_OK;
}

static const struct mentiond_channel mastodon = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct mastodon),
                .name = "mastodon",
                .version = "1.0",
                .summary = "Mentions on Mastodon, GoToSocial, snac2",
                .options = options,
        },
        .start = start,
        .poll = poll,
        .fetch = fetch,
        .post = mastodon_post,
        .find = mastodon_find,
        .doctor = mastodon_doctor,
        .edit = mastodon_edit,
        .remove = mastodon_remove,
        .react = mastodon_react,
        .reread = mastodon_reread,
};
MENTIOND_CHANNEL_PLUGIN(mastodon)

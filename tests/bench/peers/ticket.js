// SPDX-License-Identifier: MIT
// What Node-RED and n8n make of a mention: the ticket that mentiond makes.
function ticketOf(status) {
	const named = { amp: "&", lt: "<", gt: ">", quot: "\"", "#39": "'" };
	const text = status.content.replace(/<br[^>]*>|<\/p>\s*<p[^>]*>/g, "\n").replace(/<[^>]+>/g, "")
		.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name) => named[name]).trim() || "-";
	const key = `channel0:${status.id}`;
	const title = text.replace(/\s+/g, " ").slice(0, 120);
	return {
		UserLogin: "mentiond",
		Password: "password",
		Ticket: { Title: title, Queue: "Social", State: "new", Priority: "3 normal", CustomerUser: `mastodon:${status.account.acct}`,
			OwnerID: 1, Lock: "unlock" },
		Article: { CommunicationChannel: "Internal", SenderType: "customer", IsVisibleForCustomer: 1,
			From: `${status.account.display_name} via Mastodon`, Subject: title, Body: `${text}\n\n${status.url}`,
			ContentType: "text/plain; charset=utf-8", HistoryType: "WebRequestCustomer", HistoryComment: key },
		DynamicField: [{ Name: "SocialThread", Value: key }, { Name: "SocialUrl", Value: status.url },
			{ Name: "SocialNetwork", Value: "mastodon" }, { Name: "SocialPost", Value: key }],
	};
}

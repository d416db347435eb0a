"""The real daemon between a real Znuny and a real snac2: what the end-to-end tests stand on."""

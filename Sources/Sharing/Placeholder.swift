// Sharing

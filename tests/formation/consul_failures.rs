//! What was seen to go wrong at Consul.

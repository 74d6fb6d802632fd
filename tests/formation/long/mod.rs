//! What takes minutes of waiting and little of a processor: conditions that hold for as long as the
//! demand study's scenarios say. `just long` runs all of it side by side; no other run does.

mod clusters;
mod moved;
mod replacement;
mod rounds;

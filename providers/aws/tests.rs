//! The provider against a stand-in of EC2.

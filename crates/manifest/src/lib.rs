//! From custom resources to the fleet's words, once for the command line and for the operator.

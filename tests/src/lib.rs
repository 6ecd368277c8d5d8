//! Nothing: the tests of the whole lie beside this folder, one file a subject.

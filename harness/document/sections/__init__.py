"""Study -> sections: what to choose, how sure that is, what it costs, where it fails."""

FROM leaderboard.standings(suite := 's', licence := 'osi_approved', strict := true)

//! Which group each row of a chunk belongs to.

use datafusion_common::{Result, exec_datafusion_err};

/// The group of a row that has been handed out.
const GONE: u32 = u32::MAX;

/// A group index for every row of a chunk, in the form that takes less memory.
#[derive(Debug, Clone)]
pub(super) enum GroupsOfRows {
    /// A group a row.
    Rows(Vec<u32>),
    /// Consecutive rows of one group each.
    Runs(Vec<Run>),
}

/// Consecutive rows of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    group: u32,
    start: u32,
    end: u32,
}

impl Run {
    fn rows(&self) -> usize {
        (self.end - self.start) as usize
    }
}

impl Default for GroupsOfRows {
    fn default() -> Self {
        Self::Runs(Vec::new())
    }
}

impl GroupsOfRows {
    /// Groups whose rows lie between consecutive `bounds`, which begin with 0.
    pub fn of_bounds(groups: &[usize], bounds: &[usize]) -> Result<Self> {
        let rows = bounds.last().copied().unwrap_or_default();
        let mut runs = Vec::with_capacity(groups.len());
        for (&group, bounds) in groups.iter().zip(bounds.windows(2)) {
            let (start, end) = (narrow(bounds[0])?, narrow(bounds[1])?);
            runs.push(Run { group: narrow(group)?, start, end });
        }
        let mut groups = Self::Runs(runs);
        groups.unroll_unless_worth_it(rows, rows);
        Ok(groups)
    }

    /// Adds the groups of further rows behind the `rows` that there are, with room for `room` rows in all.
    pub fn extend(&mut self, groups: &[usize], rows: usize, room: usize) -> Result<()> {
        if let (Self::Runs(runs), Some(&group)) = (&mut *self, groups.first())
            && groups.iter().all(|&other| other == group)
        {
            let (group, start, end) = (narrow(group)?, narrow(rows)?, narrow(rows + groups.len())?);
            match runs.last_mut() {
                Some(last) if last.group == group => last.end = end,
                _ => runs.push(Run { group, start, end }),
            }
            self.unroll_unless_worth_it(rows + groups.len(), room);
            return Ok(());
        }
        self.unroll(room);
        if let Self::Rows(all) = self {
            narrow(rows + groups.len())?;
            for &group in groups {
                all.push(narrow(group)?);
            }
        }
        Ok(())
    }

    /// A run is worth its three numbers only if it is longer than they are.
    fn unroll_unless_worth_it(&mut self, rows: usize, room: usize) {
        if matches!(self, Self::Runs(runs) if runs.len() > 16 && runs.len() * 3 > rows) {
            self.unroll(room);
        }
    }

    fn unroll(&mut self, room: usize) {
        if let Self::Runs(runs) = self {
            let mut rows = Vec::with_capacity(room);
            rows.extend(runs.iter().flat_map(|run| std::iter::repeat_n(run.group, run.rows())));
            *self = Self::Rows(rows);
        }
    }

    /// The memory held, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Rows(groups) => groups.capacity() * size_of::<u32>(),
            Self::Runs(runs) => runs.capacity() * size_of::<Run>(),
        }
    }

    /// Hands out the first `n` groups; those behind them move up. Returns the rows that are left.
    pub fn forget(&mut self, n: u32) -> usize {
        let mut live = 0;
        let mut forget = |group: &mut u32, rows: usize| {
            if *group != GONE {
                *group = if *group < n { GONE } else { *group - n };
            }
            live += if *group == GONE { 0 } else { rows };
        };
        match self {
            Self::Rows(groups) => groups.iter_mut().for_each(|group| forget(group, 1)),
            Self::Runs(runs) => {
                for run in runs {
                    let rows = run.rows();
                    forget(&mut run.group, rows);
                }
            }
        }
        live
    }

    /// Calls `visit` with the group of every row that has not been handed out, and the row.
    pub fn for_each_row(&self, mut visit: impl FnMut(u32, u32)) {
        match self {
            Self::Rows(groups) => {
                for (row, &group) in (0_u32..).zip(groups) {
                    if group != GONE {
                        visit(group, row);
                    }
                }
            }
            Self::Runs(runs) => {
                for run in runs.iter().filter(|run| run.group != GONE) {
                    (run.start..run.end).for_each(|row| visit(run.group, row));
                }
            }
        }
    }
}

/// A number of groups or rows as it is kept.
fn narrow(number: usize) -> Result<u32> {
    u32::try_from(number)
        .ok()
        .filter(|&number| number != GONE)
        .ok_or_else(|| exec_datafusion_err!("{GONE} or more groups, or rows in one chunk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups_of(groups: &GroupsOfRows) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        groups.for_each_row(|group, row| all.push((group, row)));
        all
    }

    #[test]
    fn one_group_stays_one_run() {
        let mut groups = GroupsOfRows::default();
        for start in (0..1000).step_by(10) {
            groups.extend(&[0; 10], start, 1000).unwrap();
        }
        let GroupsOfRows::Runs(runs) = &groups else { panic!("{groups:?}") };
        assert_eq!(runs.as_slice(), [Run { group: 0, start: 0, end: 1000 }]);
    }

    #[test]
    fn runs_and_rows_say_the_same() {
        let batches: [&[usize]; 6] = [&[3, 3, 3], &[], &[1], &[1, 2], &[2, 2], &[0]];
        let (mut groups, mut expected) = (GroupsOfRows::default(), Vec::new());
        for batch in batches {
            groups.extend(batch, expected.len(), 10).unwrap();
            for &group in batch {
                expected.push((group as u32, expected.len() as u32));
            }
            assert_eq!(groups_of(&groups), expected);
        }
        assert_eq!(groups.forget(2), 6);
        let moved: Vec<(u32, u32)> =
            expected.iter().filter(|(g, _)| *g >= 2).map(|(g, row)| (g - 2, *row)).collect();
        assert_eq!(groups_of(&groups), moved);
    }

    #[test]
    fn many_short_runs_become_rows() {
        let mut groups = GroupsOfRows::default();
        for row in 0..100 {
            groups.extend(&[row], row, 100).unwrap();
        }
        assert!(matches!(&groups, GroupsOfRows::Rows(rows) if rows.len() == 100));
        let bounds: Vec<usize> = (0..=100).collect();
        let groups = GroupsOfRows::of_bounds(&bounds[..100], &bounds).unwrap();
        assert!(matches!(groups, GroupsOfRows::Rows(_)));
    }

    #[test]
    fn too_many_rows_are_refused() {
        let mut groups = GroupsOfRows::default();
        assert!(groups.extend(&[0], u32::MAX as usize - 1, 1).is_err());
        assert!(groups.extend(&[u32::MAX as usize], 0, 1).is_err());
    }
}

//! The measures of the evaluation, for the cross-validated table the trainer prints.

use text::Label;

/// Pearson's correlation.
pub(crate) fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let (sum_x, sum_y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0, y + pair.1));
    let (mean_x, mean_y) = (sum_x / n, sum_y / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - mean_x, y - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    xy / (xx * yy).sqrt()
}

/// Gold class by predicted class.
#[derive(Default)]
pub(crate) struct Confusion([[f64; 3]; 3]);

impl Confusion {
    pub(crate) fn count(&mut self, gold: f32, predicted: Label) {
        let gold = if gold > 0.0 { 2 } else { usize::from(gold == 0.0) };
        let predicted = match predicted {
            Label::Negative => 0,
            Label::Neutral => 1,
            Label::Positive => 2,
        };
        self.0[gold][predicted] += 1.0;
    }

    /// F1 weighted by class size.
    pub(crate) fn weighted_f1(&self) -> f64 {
        let all: f64 = self.0.iter().flatten().sum();
        let class = |class: usize| {
            let gold: f64 = self.0[class].iter().sum();
            let predicted: f64 = self.0.iter().map(|row| row[class]).sum();
            if gold + predicted > 0.0 { 2.0 * self.0[class][class] / (gold + predicted) * gold } else { 0.0 }
        };
        (0..3).map(class).sum::<f64>() / all
    }

    /// Mean recall of the three classes.
    pub(crate) fn macro_recall(&self) -> f64 {
        (0..3).map(|class| self.0[class][class] / self.0[class].iter().sum::<f64>()).sum::<f64>() / 3.0
    }
}

/// A line for the scorer.
pub(crate) fn prediction(id: &str, score: f32, label: Label) -> String {
    let label = label.as_str();
    serde_json::json!({ "id": id, "compound": score, "label": label }).to_string() + "\n"
}

namespace Rlhf.Preferences;

/// <summary>How the rate of labels falls while a run goes on.</summary>
public enum LabelRate
{
    /// <summary>∝ c / (T + c), as in the paper (Christiano et al. 2017, appendix A).</summary>
    Hyperbolic,

    /// <summary>∝ c² / (T² + c²): most labels early.</summary>
    InverseQuadratic,

    /// <summary>The same all the time.</summary>
    Constant,
}

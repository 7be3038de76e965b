using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>A <see cref="LogitTransform"/> as kernels take it: LogitScale of softmax_row.cuh, rounded once from f64.</summary>
internal readonly struct ScaleFactors
{
    public ScaleFactors(in LogitTransform transform)
    {
        double scale = transform.LogitScale;
        bool capped = transform.SoftCap != 0f;
        double slope = (capped ? 1 : scale) / transform.Temperature;
        Inner = capped ? (float)(scale / transform.SoftCap) : 1f;
        Cap = transform.SoftCap;
        InverseCap = capped ? 1f / transform.SoftCap : 0f;
        SlopeLog2 = (float)(slope / Math.Log(2));
        Slope = (float)slope;
        Chain = (float)(scale / transform.Temperature);
    }

    /// <summary>What a logit is multiplied by below the tanh.</summary>
    public float Inner { get; }

    /// <summary>0 for none.</summary>
    public float Cap { get; }

    public float InverseCap { get; }

    /// <summary>dz/du in units of log₂.</summary>
    public float SlopeLog2 { get; }

    /// <summary>dz/du.</summary>
    public float Slope { get; }

    /// <summary>dz/dx, before the cap's own derivative.</summary>
    public float Chain { get; }
}

namespace Rlhf.Training.Control;

/// <summary>A symmetric positive definite matrix, known by its products alone.</summary>
/// <param name="vector">v.</param>
/// <param name="product">Result: A v.</param>
internal delegate void LinearOperator(ReadOnlySpan<float> vector, Span<float> product);

/// <summary>
/// Solves A x = b by conjugate gradients (Hestenes and Stiefel 1952), from x = 0. Inner products are summed in double: ten iterations
/// in f32 lose the conjugacy that the method is about.
/// </summary>
internal sealed class ConjugateGradient(int length)
{
    private readonly float[] _residual = new float[length], _direction = new float[length], _product = new float[length];

    /// <summary>Runs a number of iterations, or fewer where the residual is nearly zero.</summary>
    /// <param name="matrix">A.</param>
    /// <param name="rhs">b.</param>
    /// <param name="solution">Result: x.</param>
    /// <param name="iterations">Most iterations.</param>
    /// <param name="tolerance">Ends where |b − A x|² falls below this. Default 1e-10 (openai/baselines).</param>
    /// <returns>|b − A x|² at the end.</returns>
    public double Solve(LinearOperator matrix, ReadOnlySpan<float> rhs, Span<float> solution, int iterations, double tolerance = 1e-10)
    {
        solution.Clear();
        rhs.CopyTo(_residual);
        rhs.CopyTo(_direction);
        double squares = Vectors.Dot(_residual, _residual);
        for (int i = 0; i < iterations && squares >= tolerance; i++)
        {
            matrix(_direction, _product);
            float step = (float)(squares / Vectors.Dot(_direction, _product));
            for (int k = 0; k < _residual.Length; k++)
            {
                solution[k] += step * _direction[k];
                _residual[k] -= step * _product[k];
            }

            double next = Vectors.Dot(_residual, _residual);
            float conjugate = (float)(next / squares);
            for (int k = 0; k < _direction.Length; k++)
                _direction[k] = _residual[k] + (conjugate * _direction[k]);
            squares = next;
        }

        return squares;
    }
}

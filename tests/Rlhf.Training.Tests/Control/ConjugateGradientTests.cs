using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

internal sealed class ConjugateGradientTests
{
    private static readonly float[,] Matrix = { { 4, 1, 0 }, { 1, 3, -1 }, { 0, -1, 2 } };

    [Test]
    public void Solve_IsExact_InAsManyIterationsAsUnknowns()
    {
        float[] solution = new float[3];

        double residual = new ConjugateGradient(3).Solve(Product, [6, 4, 4], solution, iterations: 3);

        Assert.Multiple(() =>
        {
            Assert.That(solution, Is.EqualTo(new float[] { 1, 2, 3 }).Within(1e-5));
            Assert.That(residual, Is.LessThan(1e-9));
        });
    }

    [Test]
    public void Solve_GivesTheBestStepAlongTheGradient_InOneIteration()
    {
        float[] solution = new float[3];

        new ConjugateGradient(3).Solve(Product, [1, 0, 0], solution, iterations: 1);

        Assert.That(solution, Is.EqualTo(new float[] { 0.25f, 0, 0 }).Within(1e-7));
    }

    [Test]
    public void Solve_StaysAtZero_WithoutARightHandSide()
    {
        float[] solution = [7, 7, 7];

        new ConjugateGradient(3).Solve(Product, [0, 0, 0], solution, iterations: 10);

        Assert.That(solution, Is.All.Zero);
    }

    private static void Product(ReadOnlySpan<float> vector, Span<float> product)
    {
        for (int row = 0; row < 3; row++)
            product[row] = (Matrix[row, 0] * vector[0]) + (Matrix[row, 1] * vector[1]) + (Matrix[row, 2] * vector[2]);
    }
}
